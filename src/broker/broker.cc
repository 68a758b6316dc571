// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace selvage::broker {
namespace {

// Commands gather while a sync is under way, until there are so many or it takes so long.
constexpr size_t kMuch = 32;
constexpr Duration kPatience = std::chrono::milliseconds(1);
constexpr Duration kLongest = std::chrono::hours(1);  // of one wait for an event far away

}  // namespace

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
  pthread_setname_np(broker->shard_thread_.native_handle(), "shard");
  pthread_setname_np(broker->sync_thread_.native_handle(), "sync");
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
  bool wake = false;
  {
    const std::scoped_lock lock(inbox_mutex_);
    ticket = ++last_ticket_;
    inbox_.push_back({ticket, std::move(command), std::move(done)});
    wake = is_time_to_decide();
  }
  if (wake) inbox_filled_.notify_one();
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
  while (wait_for_commands())
    if (const auto done = turn(); !done) return fail(done.error());
}

bool Broker::is_time_to_decide() const {
  if (syncing_ && !stopping_) return inbox_.size() >= kMuch;
  return stopping_ || !inbox_.empty();
}

bool Broker::wait_for_commands() {
  turn_.clear();  // what callers left in it dies here, outside the lock
  const Instant next = shard_->next_event();
  std::unique_lock lock(inbox_mutex_);
  while (!is_time_to_decide()) {
    const Duration until_next = next - clock_.now();
    if (until_next <= Duration{0}) break;
    const bool gathers = syncing_;
    const Duration limit = std::min(until_next, gathers ? kPatience : kLongest);
    const bool in_time = inbox_filled_.wait_for(lock, limit) == std::cv_status::no_timeout;
    if (!in_time && gathers && !inbox_.empty()) break;
  }
  if (stopping_ && inbox_.empty()) return false;
  std::swap(turn_, inbox_);
  return true;
}

Result<void> Broker::turn() {
  for (Submitted& submitted : turn_) {
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
    set_syncing(true);
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
  set_syncing(false);  // what came meanwhile is decided while we answer
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

void Broker::set_syncing(bool syncing) {
  bool wake = false;
  {
    const std::scoped_lock lock(inbox_mutex_);
    syncing_ = syncing;
    wake = is_time_to_decide();
  }
  if (wake) inbox_filled_.notify_one();
}

void Broker::fail(const Error& error) {
  std::call_once(failed_, [&] { on_failure_(error); });
}

}  // namespace selvage::broker
