// SPDX-License-Identifier: Apache-2.0
#include "broker/shard.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/check.h"
#include "broker/sound_read.h"
#include "store/records.h"

namespace selvage::broker {

using queue::Delivery;
using queue::Reply;
using store::Table;

namespace {

// At once; what is wanted then comes with the next command or turn.
constexpr int kRoundsOfReading = 64;

// Only a receive that does not wait is told that too many messages are in flight (SQS quotas page).
bool found_nothing(const Reply& reply) {
  const auto* const refusal = std::get_if<queue::Refusal>(&reply);
  if (refusal != nullptr) return *refusal == queue::Refusal::kOverLimit;
  const auto* const deliveries = std::get_if<std::vector<Delivery>>(&reply);
  return deliveries != nullptr && deliveries->empty();
}

}  // namespace

Result<std::unique_ptr<Shard>> Shard::open(const ShardOptions& options, const ShardWorld& world,
                                           Instant now) {
  const auto epoch = world.store.claim(options.index);
  if (!epoch) return std::unexpected(epoch.error());
  std::unique_ptr<Shard> shard(new Shard(options, world, *epoch));
  SELVAGE_TRY(shard->recover(now));
  return shard;
}

Result<void> Shard::recover(Instant now) {
  Result<void> outcome;
  const auto [first, last] = store::shard_range(options_.index);
  SELVAGE_TRY(
      store_.scan(Table::kMeta, first, last, [&](std::string_view key, std::string_view value) {
        outcome = restore(key, value, now);
        return outcome.has_value();
      }));
  SELVAGE_TRY(outcome);
  SELVAGE_TRY(restore_held(now));
  engine_.restore(options_.connected);
  grace_end_ = now + options_.session_grace;
  for (const SessionId session : engine_.sessions())
    if (!options_.connected.contains(session)) unresumed_[session] = grace_end_;
  if (artifacts_ == nullptr) return {};
  const auto referred_to = reader_.artifacts();
  if (!referred_to) return std::unexpected(referred_to.error());
  artifacts_->sweep(*referred_to);
  return {};
}

Result<void> Shard::restore_held(Instant now) {
  Result<void> outcome;
  const auto [first, last] = store::shard_range(options_.index);
  SELVAGE_TRY(store_.scan(Table::kHeld, first, last, [&](auto key, auto value) {
    auto message = store::decode_message(value);
    const auto at = store::decode_message_key(Table::kHeld, key);
    if (!message) outcome = std::unexpected(message.error());
    if (message) engine_.restore(at.queue, at.seq, *std::move(message), now);
    return outcome.has_value();
  }));
  return outcome;
}

// One record of kMeta; a queue's own comes before what belongs to it.
Result<void> Shard::restore(std::string_view key, std::string_view value, Instant now) {
  const auto take = [&](const auto& decoded, const auto&... more) -> Result<void> {
    if (!decoded) return std::unexpected(decoded.error());
    engine_.restore(*decoded, more...);
    return {};
  };
  switch (store::meta_kind(key)) {
    case store::MetaKind::kQueue:
      return take(store::decode_queue(value));
    case store::MetaKind::kMoveTask:
      return take(store::decode_move_task(value), now);
    case store::MetaKind::kUnknown:
      break;
  }
  return failure(ErrorCode::kCorruption, "the store has a record of an unknown kind");
}

Result<void> Shard::submit(Ticket ticket, queue::Command&& command, Done done, Instant now) {
  if (auto* const open = std::get_if<queue::OpenSession>(&command)) {
    unresumed_.erase(open->resume);
    // Recovery finds only the sessions that held something: the others may go on as they were.
    open->may_be_new = open->holds_all && now < grace_end_;
  }
  SessionId closing;
  if (const auto* const close = std::get_if<queue::CloseSession>(&command))
    closing = close->session;
  std::string deleting;
  if (const auto* const drop = std::get_if<queue::DeleteQueue>(&command)) deleting = drop->queue;
  std::optional<queue::Receive> receive;
  if (const auto* const wanted = std::get_if<queue::Receive>(&command)) receive = *wanted;

  auto reply = execute(std::move(command), now);
  if (!reply) {
    answers_.push_back({std::move(done), queue::Refusal::kUnavailable});
    return std::unexpected(std::move(reply).error());
  }
  // Only if it is really closed: an old connection's end must not touch a resumed session.
  const bool refused = std::holds_alternative<queue::Refusal>(*reply);
  if (closing && !refused) dismiss(waiters_.all_of(closing), queue::Refusal::kNoSession);
  if (!refused) dismiss(waiters_.all_for(deleting), queue::Refusal::kNoSuchQueue);
  const bool may_wait = receive && found_nothing(*reply);
  if (!may_wait || !park(ticket, *receive, done, now)) {
    if (may_wait) engine_.count_empty_receive(receive->queue);
    answers_.push_back({std::move(done), *std::move(reply)});
  }
  return serve_waiters(now);
}

Result<Reply> Shard::execute(queue::Command&& command, Instant now) {
  look_for_artifacts(command);
  if (engine_.is_due(now)) SELVAGE_TRY(pass_time(now));
  for (size_t n = 0; n < queue::kMaxPagesAtOnce; ++n) {
    const auto page = engine_.page_before(command);
    if (!page) break;
    SELVAGE_TRY(load(*page, now));
  }
  const queue::Reads reads = engine_.reads(command, now, mutations_);
  queue::Found found;
  if (!reads.empty()) {
    SELVAGE_TRY(commit_.add(mutations_));
    auto all = reader_.find(reads);
    if (!all) return std::unexpected(std::move(all).error());
    found = *std::move(all);
  }
  Reply reply = engine_.execute(std::move(command), now, mutations_, found);
  SELVAGE_TRY(commit_.add(mutations_));
  return reply;
}

Result<void> Shard::load(const queue::Page& page, Instant now) {
  auto records = reader_.page(page);
  if (!records) return std::unexpected(std::move(records).error());
  engine_.load(page, *std::move(records), now);
  return {};
}

// What was due comes true, and what that leaves to be read is read: so whoever asks for counts or
// messages sees them as they are now.
Result<void> Shard::pass_time(Instant now) {
  for (int round = 0; round < kRoundsOfReading; ++round) {
    if (engine_.next_event() > now && !engine_.wants_pages()) return {};
    SELVAGE_TRY(advance(now));
    for (const queue::Page& page : engine_.take_pages()) {
      SELVAGE_TRY(load(page, now));
      SELVAGE_TRY(advance(now));  // it may be past its time
    }
  }
  return {};
}

Result<void> Shard::advance(Instant now) {
  engine_.advance(now, mutations_);
  return commit_.add(mutations_);
}

// Only files can tell whether an output's artifact is there, and the engine has none.
void Shard::look_for_artifacts(queue::Command& command) const {
  auto* const hand_over = std::get_if<queue::HandOver>(&command);
  if (hand_over == nullptr) return;
  for (auto& item : hand_over->items)
    for (const auto& output : item.outputs)
      if (const ArtifactId id = output.message.artifact)
        if (artifacts_ == nullptr || !artifacts_->is_staged(id))
          item.refused = queue::Refusal::kNoArtifact;
}

bool Shard::park(Ticket ticket, const queue::Receive& command, Done& done, Instant now) {
  const queue::QueueConfig* const config = engine_.config_of(command.queue);
  SELVAGE_CHECK(config != nullptr);
  const Duration wait = command.wait.value_or(config->receive_wait);
  if (wait <= Duration{0}) return false;
  queue::Receive waiting = command;
  waiting.again = true;
  waiters_.park(ticket, {std::move(waiting), now + wait, std::move(done)});
  return true;
}

void Shard::cancel(Ticket ticket) {
  if (waiters_.contains(ticket)) waiters_.take(ticket);
}

void Shard::dismiss(const std::vector<Ticket>& waiters, queue::Refusal why) {
  for (const Ticket ticket : waiters) answers_.push_back({waiters_.take(ticket).done, why});
}

Result<void> Shard::serve_waiters(Instant now) {
  for (auto woken = engine_.take_woken(); !woken.empty(); woken = engine_.take_woken())
    for (const QueueId id : woken) SELVAGE_TRY(serve_queue(engine_.name_of(id), now));
  return {};
}

Result<void> Shard::serve_queue(const std::string& queue, Instant now) {
  while (const auto ticket = waiters_.first_for(queue)) {
    auto reply = execute(queue::Receive(waiters_.at(*ticket).command), now);
    if (!reply) return std::unexpected(std::move(reply).error());
    if (found_nothing(*reply)) return {};
    answers_.push_back({waiters_.take(*ticket).done, *std::move(reply)});
  }
  return {};
}

Result<void> Shard::tick(Instant now) {
  SELVAGE_TRY(pass_time(now));
  while (true) {
    const auto late = std::ranges::find_if(unresumed_, [&](auto& s) { return s.second <= now; });
    if (late == unresumed_.end()) break;
    const SessionId session = late->first;
    unresumed_.erase(late);
    const auto closed =
        execute(queue::CloseSession{.session = session,
                                    .generation = UINT64_MAX,
                                    .evidence = R"({"cause":"the worker did not come back",)"
                                                R"("signature":"the worker did not come back"})"},
                now);
    if (!closed) return std::unexpected(closed.error());
  }
  SELVAGE_TRY(serve_waiters(now));
  SELVAGE_TRY(pass_time(now));  // reads ahead
  SELVAGE_TRY(serve_waiters(now));
  end_waits(now);
  return {};
}

void Shard::end_waits(Instant now) {
  while (const auto ticket = waiters_.first_due(now)) {
    Waiter waiter = waiters_.take(*ticket);
    engine_.count_empty_receive(waiter.command.queue);
    answers_.push_back({std::move(waiter.done), std::vector<Delivery>{}});
  }
}

Instant Shard::next_event() const {
  if (engine_.wants_pages() || engine_.has_woken()) return Instant{};
  Instant next = std::min(engine_.next_event(), waiters_.next_deadline());
  for (const auto& [session, end] : unresumed_) next = std::min(next, end);
  return next;
}

Result<Turn> Shard::commit() {
  engine_.flush(mutations_);
  SELVAGE_TRY(commit_.add(mutations_));
  SELVAGE_TRY(answers_.empty() ? commit_.apply() : commit_.close());
  for (Answer& answer : answers_) SELVAGE_TRY(fetch(answer.reply));
  return Turn{.answers = std::exchange(answers_, {}),
              .released = commit_.take_released(),
              .kept_artifacts = commit_.take_kept()};
}

std::vector<Done> Shard::abandon() {
  std::vector<Done> waiting;
  for (Answer& answer : std::exchange(answers_, {})) waiting.push_back(std::move(answer.done));
  while (const auto ticket = waiters_.first_due(kNever))
    waiting.push_back(waiters_.take(*ticket).done);
  return waiting;
}

Result<void> Shard::fetch(Reply& reply) {
  if (auto* const deliveries = std::get_if<std::vector<Delivery>>(&reply))
    return fetch(*deliveries);
  if (auto* const peeked = std::get_if<queue::Peeked>(&reply)) return fetch(peeked->messages);
  return {};
}

Result<void> Shard::fetch(std::vector<Delivery>& deliveries) {
  auto bodies = bodies_of(deliveries);
  if (!bodies) return std::unexpected(std::move(bodies).error());
  std::vector<Delivery> still_there;
  for (size_t i = 0; i < deliveries.size(); ++i) {
    // Gone already, in the turn that showed it: the queue was emptied, or the message went on to
    // another one. Or damaged. Nobody is shown a message without its body.
    if (!(*bodies)[i]) continue;
    Delivery& delivery = still_there.emplace_back(std::move(deliveries[i]));
    delivery.payload = *std::move((*bodies)[i]);
    if (delivery.message.has_evidence) SELVAGE_TRY(fetch_evidence(delivery));
  }
  deliveries = std::move(still_there);
  return {};
}

Result<std::vector<std::optional<queue::Payload>>> Shard::bodies_of(
    const std::vector<Delivery>& deliveries) {
  std::vector<std::optional<queue::Payload>> bodies;
  std::vector<std::string> keys;
  for (const auto& [queue, seq, token] : std::views::transform(deliveries, &Delivery::receipt)) {
    bodies.push_back(commit_.bodies().take(queue, seq));
    if (!bodies.back()) keys.push_back(store::payload_key(options_.index, queue, seq));
  }
  if (keys.empty()) return bodies;
  const auto read = read_sound(store_, Table::kBody, keys);
  if (!read) return std::unexpected(read.error());
  auto value = read->begin();
  for (auto& body : bodies) {
    if (body) continue;
    const std::optional<std::string>& found = *value++;
    if (!found) continue;
    const auto placed = store::decode_payload(*found);
    if (!placed) return std::unexpected(placed.error());
    body = placed->payload;
  }
  return bodies;
}

Result<void> Shard::fetch_evidence(Delivery& delivery) const {
  const auto [first, last] =
      store::evidence_range(options_.index, delivery.receipt.queue, delivery.receipt.seq);
  return store_.scan(Table::kEvidence, first, last, [&](std::string_view, std::string_view value) {
    delivery.evidence.emplace_back(value);
    return true;
  });
}

}  // namespace selvage::broker
