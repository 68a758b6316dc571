// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include <utility>

namespace selvage::broker {

Result<std::unique_ptr<Broker>> Broker::start(const BrokerWorld& world, const ShardOptions& options,
                                              OnFailure on_failure) {
  std::unique_ptr<Broker> broker(new Broker(world, std::move(on_failure)));
  auto shard =
      Shard::open(options, {world.store, world.artifacts, broker->random_}, world.clock.now());
  if (!shard) return std::unexpected(std::move(shard).error());
  broker->shard_ = *std::move(shard);
  broker->policies_ = broker->shard_->take_policies();
  broker->shard_thread_ = std::thread([raw = broker.get()] { raw->decide(); });
  broker->sync_thread_ = std::thread([raw = broker.get()] { raw->make_durable(); });
  return broker;
}

Broker::~Broker() {
  if (!shard_thread_.joinable()) return;  // never started
  {
    const std::scoped_lock lock(inbox_mutex_);
    stopping_ = true;
  }
  inbox_filled_.notify_one();
  shard_thread_.join();
  {
    const std::scoped_lock lock(applied_mutex_);
    last_turn_ = true;
  }
  applied_filled_.notify_one();
  sync_thread_.join();
}

Ticket Broker::submit(queue::Command command, Done done) {
  Ticket ticket = 0;
  {
    const std::scoped_lock lock(inbox_mutex_);
    ticket = ++last_ticket_;
    inbox_.push_back({ticket, std::move(command), std::move(done)});
  }
  inbox_filled_.notify_one();
  return ticket;
}

void Broker::end_waits() {
  cancel(kAllWaits);
}

void Broker::cancel(Ticket ticket) {
  {
    const std::scoped_lock lock(inbox_mutex_);
    inbox_.push_back({ticket, std::nullopt, {}});
  }
  inbox_filled_.notify_one();
}

void Broker::decide() {
  while (auto commands = wait_for_commands())
    if (const auto done = turn(*std::move(commands)); !done) return fail(done.error());
}

std::optional<std::vector<Broker::Submitted>> Broker::wait_for_commands() {
  std::unique_lock lock(inbox_mutex_);
  const auto ready = [&] { return stopping_ || !inbox_.empty(); };
  const Instant next = shard_->next_event();
  if (next == kNever)
    inbox_filled_.wait(lock, ready);
  else
    inbox_filled_.wait_for(lock, next - clock_.now(), ready);
  if (stopping_ && inbox_.empty()) return std::nullopt;
  return std::exchange(inbox_, {});
}

Result<void> Broker::turn(std::vector<Submitted> commands) {
  for (Submitted& submitted : commands) {
    if (!submitted.command) {
      if (submitted.ticket == kAllWaits)
        shard_->end_waits(kNever);
      else
        shard_->cancel(submitted.ticket);
      continue;
    }
    SELVAGE_TRY(shard_->submit(submitted.ticket, *std::move(submitted.command),
                               std::move(submitted.done), clock_.now()));
  }
  SELVAGE_TRY(shard_->tick(clock_.now()));
  if (auto changed = shard_->take_policies()) policies_ = std::move(changed);
  auto turn = shard_->commit();
  if (!turn) return std::unexpected(std::move(turn).error());
  turn->applied = clock_.now();
  {
    const std::scoped_lock lock(applied_mutex_);
    applied_.push_back(*std::move(turn));
  }
  applied_filled_.notify_one();
  return {};
}

void Broker::make_durable() {
  while (true) {
    std::vector<Turn> turns;
    {
      std::unique_lock lock(applied_mutex_);
      applied_filled_.wait(lock, [&] { return last_turn_ || !applied_.empty(); });
      turns = std::exchange(applied_, {});
      if (turns.empty()) return;
    }
    if (const auto synced = sync(turns); !synced) return fail(synced.error());
  }
}

Result<void> Broker::sync(std::vector<Turn>& turns) {
  for (const Turn& turn : turns)
    if (turn.kept_artifacts) {
      SELVAGE_TRY(artifacts_->sync());
      break;
    }
  const Instant began = clock_.now();
  SELVAGE_TRY(store_.sync());
  observe(turns, began);
  for (Turn& turn : turns) {
    for (Answer& answer : turn.answers) answer.done(std::move(answer.reply));
    for (const ArtifactId id : turn.released) artifacts_->release(id);
  }
  return {};
}

void Broker::observe(const std::vector<Turn>& turns, Instant began) {
  if (commits_ == nullptr) return;
  const Instant now = clock_.now();
  size_t answers = 0;
  for (const Turn& turn : turns) answers += turn.answers.size();
  if (answers == 0) return;  // a turn of timers
  commits_->answers.observe(uint64_t{answers});
  commits_->duration.observe(now - turns.front().applied);
  commits_->sync.observe(now - began);
}

void Broker::fail(const Error& error) {
  std::call_once(failed_, [&] { on_failure_(error); });
}

}  // namespace selvage::broker
