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

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "broker/shard.h"
#include "metrics/commits.h"

namespace selvage::broker {

// What a broker works with; all of it outlives the broker.
struct BrokerWorld {
  store::Store& store;
  const artifact::Artifacts* artifacts;  // null: no message has one
  Clock& clock;
  metrics::Commits* commits = nullptr;  // null: nobody wants to know
};

// Thread-safe. Answers come on the sync thread; they must not block.
class Broker {
 public:
  using OnFailure = std::function<void(const Error&)>;

  // `on_failure` is called once, when the store fails for good: nothing is answered from then on,
  // because nobody knows what is durable.
  static Result<std::unique_ptr<Broker>> start(const BrokerWorld& world,
                                               const ShardOptions& options, OnFailure on_failure);
  // Decides what was submitted, syncs, answers, then stops. Parked receives are forgotten.
  ~Broker();

  Ticket submit(queue::Command command, Done done);
  void cancel(Ticket ticket);
  // Answers the receives that are parked now: nothing came. For a server that is about to stop.
  void end_waits();
  // The policy documents of all queues that have one, by queue. A change is seen before it is
  // answered.
  std::shared_ptr<const queue::Policies> policies() const { return policies_; }

 private:
  static constexpr Ticket kAllWaits = UINT64_MAX;  // no submitted command has it

  struct Submitted {
    Ticket ticket;
    std::optional<queue::Command> command;  // absent: cancel, or with kAllWaits end_waits
    Done done;
  };

  Broker(const BrokerWorld& world, OnFailure on_failure)
      : store_(world.store),
        artifacts_(world.artifacts),
        clock_(world.clock),
        commits_(world.commits),
        on_failure_(std::move(on_failure)) {}

  void decide();  // the shard thread
  Result<void> turn();
  // Fills turn_ with the commands to decide next; false once the broker stops and none are left.
  bool wait_for_commands();
  bool is_time_to_decide() const;  // under inbox_mutex_
  void set_syncing(bool syncing);
  void make_durable();  // the sync thread
  Result<void> sync(std::vector<Turn>& turns);
  void observe(const std::vector<Turn>& turns, Instant began);
  void fail(const Error& error);

  store::Store& store_;
  const artifact::Artifacts* artifacts_;
  Clock& clock_;
  metrics::Commits* const commits_;
  OnFailure on_failure_;
  SystemRandom random_;
  std::unique_ptr<Shard> shard_;  // the shard thread's
  std::vector<Submitted> turn_;   // likewise
  std::atomic<std::shared_ptr<const queue::Policies>> policies_;

  std::mutex inbox_mutex_;
  std::condition_variable inbox_filled_;
  std::vector<Submitted> inbox_;
  bool syncing_ = false;
  Ticket last_ticket_ = 0;
  bool stopping_ = false;

  std::mutex applied_mutex_;
  std::condition_variable applied_filled_;
  std::vector<Turn> applied_;
  bool last_turn_ = false;
  std::once_flag failed_;

  std::thread shard_thread_;
  std::thread sync_thread_;
};

}  // namespace selvage::broker
