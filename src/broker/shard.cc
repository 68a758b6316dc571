// SPDX-License-Identifier: Apache-2.0
#include "broker/shard.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "store/records.h"

namespace selvage::broker {

using queue::Delivery;
using queue::Reply;
using store::Table;

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
  SELVAGE_TRY(store_.scan(Table::kMeta, first, last, [&](std::string_view, std::string_view value) {
    const auto record = store::decode_queue(value);
    if (!record) outcome = std::unexpected(record.error());
    if (record) engine_.restore(*record);
    return outcome.has_value();
  }));
  SELVAGE_TRY(outcome);
  SELVAGE_TRY(
      store_.scan(Table::kState, first, last, [&](std::string_view key, std::string_view value) {
        auto message = store::decode_message(value);
        const auto [queue, seq] = store::decode_message_key(key);
        if (!message) outcome = std::unexpected(message.error());
        if (message) engine_.restore(queue, seq, *std::move(message), now);
        return outcome.has_value();
      }));
  SELVAGE_TRY(outcome);
  for (const SessionId session : engine_.sessions())
    unresumed_[session] = now + options_.session_grace;
  if (artifacts_ != nullptr) artifacts_->sweep(engine_.artifacts());
  return {};
}

Result<void> Shard::submit(Ticket ticket, queue::Command&& command, Done done, Instant now) {
  if (const auto* const open = std::get_if<queue::OpenSession>(&command))
    unresumed_.erase(open->resume);
  SessionId closing;
  if (const auto* const close = std::get_if<queue::CloseSession>(&command))
    closing = close->session;
  std::optional<queue::Receive> receive;
  if (const auto* const wanted = std::get_if<queue::Receive>(&command)) receive = *wanted;

  auto reply = execute(std::move(command), now);
  if (!reply) return std::unexpected(std::move(reply).error());
  // Only if it is really closed: an old connection's end must not touch a resumed session.
  if (closing && !std::holds_alternative<queue::Refusal>(*reply)) dismiss_waiters(closing);
  const auto* const deliveries = std::get_if<std::vector<Delivery>>(&*reply);
  const bool nothing_yet = receive && deliveries != nullptr && deliveries->empty();
  if (!nothing_yet || !park(ticket, *receive, done, now))
    answers_.push_back({std::move(done), *std::move(reply)});
  return serve_waiters(now);
}

Result<Reply> Shard::execute(queue::Command&& command, Instant now) {
  queue::Mutations mutations;
  look_for_artifacts(command);
  Reply reply = engine_.execute(std::move(command), now, mutations);
  SELVAGE_TRY(commit_.add(mutations));
  return reply;
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
  Waiters& line = waiters_[command.queue];
  line.push_back({ticket, command, now + wait, std::move(done)});
  by_deadline_[{now + wait, ticket}] = {command.queue, std::prev(line.end())};
  deadlines_[ticket] = now + wait;
  return true;
}

Shard::Waiter Shard::unpark(const std::string& queue, Waiters::iterator at) {
  Waiter waiter = std::move(*at);
  by_deadline_.erase({waiter.deadline, waiter.ticket});
  deadlines_.erase(waiter.ticket);
  const auto line = waiters_.find(queue);
  line->second.erase(at);
  if (line->second.empty()) waiters_.erase(line);
  return waiter;
}

void Shard::cancel(Ticket ticket) {
  const auto deadline = deadlines_.find(ticket);
  if (deadline == deadlines_.end()) return;
  const auto [queue, at] = by_deadline_.at({deadline->second, ticket});
  unpark(queue, at);
}

void Shard::dismiss_waiters(SessionId session) {
  std::vector<std::pair<std::string, Waiters::iterator>> ended;
  for (auto& [queue, line] : waiters_)
    for (auto at = line.begin(); at != line.end(); ++at)
      if (at->command.session == session) ended.emplace_back(queue, at);
  for (const auto& [queue, at] : ended)
    answers_.push_back({unpark(queue, at).done, queue::Refusal::kNoSession});
}

Result<void> Shard::serve_waiters(Instant now) {
  for (auto woken = engine_.take_woken(); !woken.empty(); woken = engine_.take_woken())
    for (const QueueId id : woken) SELVAGE_TRY(serve_queue(engine_.name_of(id), now));
  return {};
}

Result<void> Shard::serve_queue(const std::string& queue, Instant now) {
  for (auto line = waiters_.find(queue); line != waiters_.end(); line = waiters_.find(queue)) {
    auto reply = execute(queue::Receive(line->second.front().command), now);
    if (!reply) return std::unexpected(std::move(reply).error());
    const auto* const deliveries = std::get_if<std::vector<Delivery>>(&*reply);
    if (deliveries != nullptr && deliveries->empty()) return {};
    answers_.push_back({unpark(queue, line->second.begin()).done, *std::move(reply)});
  }
  return {};
}

Result<void> Shard::tick(Instant now) {
  queue::Mutations mutations;
  engine_.advance(now, mutations);
  SELVAGE_TRY(commit_.add(mutations));
  while (true) {
    const auto late = std::ranges::find_if(unresumed_, [&](auto& s) { return s.second <= now; });
    if (late == unresumed_.end()) break;
    const SessionId session = late->first;
    unresumed_.erase(late);
    const auto closed =
        execute(queue::CloseSession{.session = session,
                                    .generation = UINT64_MAX,
                                    .evidence = R"({"cause":"the worker did not come back"})"},
                now);
    if (!closed) return std::unexpected(closed.error());
  }
  SELVAGE_TRY(serve_waiters(now));
  while (!by_deadline_.empty() && by_deadline_.begin()->first.first <= now) {
    const auto [queue, at] = by_deadline_.begin()->second;
    const bool queue_is_gone = engine_.config_of(queue) == nullptr;
    Reply reply = std::vector<Delivery>{};
    if (queue_is_gone) reply = queue::Refusal::kNoSuchQueue;
    answers_.push_back({unpark(queue, at).done, std::move(reply)});
  }
  return {};
}

Instant Shard::next_event() const {
  Instant next = engine_.next_event();
  if (!by_deadline_.empty()) next = std::min(next, by_deadline_.begin()->first.first);
  for (const auto& [session, end] : unresumed_) next = std::min(next, end);
  return next;
}

Result<Turn> Shard::commit() {
  queue::Mutations mutations;
  engine_.flush(mutations);
  SELVAGE_TRY(commit_.add(mutations));
  SELVAGE_TRY(commit_.apply());
  for (Answer& answer : answers_) SELVAGE_TRY(fetch(answer.reply));
  return Turn{.answers = std::exchange(answers_, {}),
              .released = commit_.take_released(),
              .kept_artifacts = commit_.take_kept()};
}

Result<void> Shard::fetch(Reply& reply) const {
  auto* const deliveries = std::get_if<std::vector<Delivery>>(&reply);
  if (deliveries == nullptr || deliveries->empty()) return {};
  std::vector<std::string> keys;
  for (const Delivery& d : *deliveries)
    keys.push_back(store::payload_key(options_.index, d.receipt.queue, d.receipt.seq));
  auto payloads = store_.read(Table::kBody, keys);
  if (!payloads) return std::unexpected(std::move(payloads).error());
  for (size_t i = 0; i < keys.size(); ++i) {
    Delivery& delivery = (*deliveries)[i];
    // Gone already: deleted in the turn that leased it, by a client that guessed no receipt but
    // emptied the queue. The receipt is stale then, and the message is not missed.
    if ((*payloads)[i]) delivery.payload = *std::move((*payloads)[i]);
    if (delivery.message.has_evidence) SELVAGE_TRY(fetch_evidence(delivery));
  }
  return {};
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
