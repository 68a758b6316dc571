// SPDX-License-Identifier: Apache-2.0
#pragma once
// The threads around a shard: one decides, one syncs. While a sync is under way the next commands
// are already being applied; each sync covers everything applied before it began, so the size of a
// commit adapts by itself (group commit).
//
//   callers ──▶ inbox ──▶ shard thread: submit*, tick, commit ──▶ applied ──▶ sync thread: sync,
//   answer
//
// What comes while a sync is under way can be durable with the next one at the earliest. So the
// shard thread lets it gather, and is woken when the sync ends, or before that when there is much
// to do or the sync is slow: few turns, few changes of threads, and still no waiting for the disk.
//
// When a write or a sync fails, nobody knows what the disk holds of what was not synced. Then
// everybody who waits is told so (Refusal::kUnavailable), shard and store are dropped, and the
// shard thread opens both anew until that succeeds:
//
//   running ──failure──▶ down: refuse everybody ──▶ open, recover ──▶ running
//                                    ▲───wait─────────┘ or on_failure: no time will cure it

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "broker/health.h"
#include "broker/session_book.h"
#include "broker/shard.h"
#include "broker/space.h"
#include "metrics/commits.h"

namespace selvage::broker {

// Opens the one store of a broker; called again after the one before has failed and is closed.
using OpenStore = std::function<Result<std::unique_ptr<store::Store>>()>;

// What a broker works with; all of it outlives the broker.
struct BrokerWorld {
  OpenStore open_store;
  const artifact::Artifacts* artifacts;  // null: no message has one
  Clock& clock;
  store::Room* room = nullptr;  // null: space never ends
  SpaceOptions space = {};
  metrics::Commits* commits = nullptr;  // null: nobody wants to know
  // Told when it changes, on the shard thread.
  std::function<void(const Health&)> on_health = {};
};

// Thread-safe. Answers come on the sync thread, refusals for want of space or store on any; they
// must not block.
class Broker {
 public:
  using OnFailure = std::function<void(const Error&)>;

  // `on_failure` is called once, when the store fails for good (damaged, somebody else's): nothing
  // is answered from then on.
  static Result<std::unique_ptr<Broker>> start(BrokerWorld world, const ShardOptions& options,
                                               OnFailure on_failure);
  // Decides what was submitted, syncs, answers, then stops. Parked receives are forgotten.
  ~Broker();

  Ticket submit(queue::Command command, Done done);
  void cancel(Ticket ticket);
  // Answers the receives that are parked now: nothing came. For a server that is about to stop.
  void end_waits();
  // The policy documents of all queues that have one, by queue. A change is seen before it is
  // answered.
  std::shared_ptr<const queue::Policies> policies() const { return policies_; }
  Health health() const;
  store::Statistics statistics() const;  // zero while the store is down
  // For a copy of it; null while it is down. Nobody can open it anew while somebody holds it.
  std::shared_ptr<store::Store> store() const;

 private:
  static constexpr Ticket kAllWaits = UINT64_MAX;  // no submitted command has it

  struct Submitted {
    Ticket ticket;
    std::optional<queue::Command> command;  // absent: cancel, or with kAllWaits end_waits
    Done done;
  };
  struct Applied {
    Turn turn;
    std::vector<queue::CloseSession> closed;
  };

  Broker(BrokerWorld world, const ShardOptions& options, OnFailure on_failure)
      : world_(std::move(world)),
        options_(options),
        on_failure_(std::move(on_failure)),
        guard_(world_.room, world_.space) {}

  // ---- the shard thread
  void decide();
  Result<void> open();
  Result<void> work();  // until it is time to stop
  Result<void> turn();
  Result<void> submit_to_shard(Submitted submitted, Applied& applied);
  void refuse(Submitted submitted);
  bool is_admitted(const queue::Command& command) const;
  // Fills turn_ with the commands to decide next; false once the broker stops and none are left.
  // Failure: that of a sync.
  Result<bool> wait_for_commands();
  bool is_time_to_decide() const;  // under inbox_mutex_
  void first_look();
  void watch_space();
  void go_down(const Error& error);
  bool come_back();  // false: it is time to stop, or there is no way back
  bool wait_unless_stopping(Duration wait);
  std::vector<Done> take_waiting();
  void close_store();
  void set_health(Health health);

  // ---- the sync thread
  void make_durable();
  Result<void> sync(std::vector<Applied>& turns);
  void observe(const std::vector<Applied>& turns, Instant began);
  void set_gathering(bool gathering);
  void fail_sync(const Error& error, std::vector<Applied> turns);
  void give_up(const Error& error);  // either thread's

  const BrokerWorld world_;
  const ShardOptions options_;
  const OnFailure on_failure_;
  SystemRandom random_;
  SessionBook sessions_;
  SpaceGuard guard_;              // the shard thread's
  std::unique_ptr<Shard> shard_;  // the shard thread's; null while down
  std::vector<Submitted> turn_;   // the shard thread's
  std::atomic<std::shared_ptr<const queue::Policies>> policies_;

  mutable std::mutex store_mutex_;       // to replace the store, and for others to look at it
  std::shared_ptr<store::Store> store_;  // null while down
  Health health_;                        // under store_mutex_

  std::mutex inbox_mutex_;
  std::condition_variable inbox_filled_;
  std::vector<Submitted> inbox_;
  bool gathering_ = false;  // a sync is under way
  Ticket last_ticket_ = 0;
  bool stopping_ = false;
  bool down_ = false;
  std::optional<Error> sync_failure_;

  std::mutex applied_mutex_;
  std::condition_variable applied_changed_;
  std::vector<Applied> applied_;
  bool syncing_ = false;    // the sync thread is using the store
  bool sync_held_ = false;  // it must not, until the store is there again
  bool last_turn_ = false;
  std::once_flag gave_up_;

  std::thread shard_thread_;
  std::thread sync_thread_;
};

}  // namespace selvage::broker
