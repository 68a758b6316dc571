// SPDX-License-Identifier: Apache-2.0
#pragma once
// A set of queues with one owner: the engine, its open commit, and who waits for what. Has no
// thread: the broker's shard thread drives it, and so do tests and the simulator.
//
// A turn: submit() commands as they come, tick() once, commit() once, then, after a sync of the
// store that began later, the answers may leave.

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "broker/commit.h"
#include "broker/reader.h"
#include "broker/waiters.h"
#include "queue/engine.h"
#include "store/store.h"

namespace selvage::broker {

struct Answer {
  Done done;
  queue::Reply reply;
};

// What one turn leaves to be done once it is durable.
struct Turn {
  std::vector<Answer> answers;
  std::vector<ArtifactId> released;
  bool kept_artifacts = false;
  Instant applied{};  // when; the broker's
};

struct ShardOptions {
  ShardIndex index;
  // How long the leases of a session wait for it to come back after a restart of the broker.
  Duration session_grace = std::chrono::seconds(5);
  queue::EngineOptions engine = {};
  // Sessions whose consumers are connected all the time, with their generations: the store was
  // opened anew, but this process goes on.
  std::map<SessionId, uint64_t> connected = {};
};

// What a shard works with; all of it outlives the shard.
struct ShardWorld {
  store::Store& store;
  const artifact::Artifacts* artifacts;  // null: no message has one
  Random& random;
};

// 1. A reply is in exactly one Turn, that of the commit which covers everything it shows.
// 2. A parked receive is answered when a message comes, when its wait is over, when its queue or
//    session ends, or never after cancel().
// Not thread-safe.
class Shard {
 public:
  // Takes ownership of the shard in the store and reads its small state. Failure: the store's.
  static Result<std::unique_ptr<Shard>> open(const ShardOptions& options, const ShardWorld& world,
                                             Instant now);

  // Failure: the store's; nothing can be done with this shard any more.
  Result<void> submit(Ticket ticket, queue::Command&& command, Done done, Instant now);
  void cancel(Ticket ticket);  // a parked receive is forgotten; anything else takes its course
  Result<void> tick(Instant now);
  // Answers the parked receives whose wait is over by `now`; with kNever all of them: nothing came.
  void end_waits(Instant now);
  Result<Turn> commit();
  // After a failure: whoever still waits for an answer. Nothing more can be done with the shard.
  std::vector<Done> abandon();
  // When tick() has something to do without being asked: at once while there are pages to read or
  // waiters to serve; kNever if only when asked.
  Instant next_event() const;

  const queue::Engine& engine() const { return engine_; }
  // See Engine::take_policies().
  std::shared_ptr<const queue::Policies> take_policies() { return engine_.take_policies(); }

 private:
  Shard(const ShardOptions& options, const ShardWorld& world, uint64_t epoch)
      : options_(options),
        store_(world.store),
        artifacts_(world.artifacts),
        engine_(world.random, options.engine),
        commit_(world.store, world.artifacts, options.index, epoch),
        reader_(commit_.batch(), options.index) {}

  Result<void> recover(Instant now);
  Result<void> restore(std::string_view key, std::string_view value, Instant now);
  Result<void> restore_held(Instant now);
  Result<void> load(const queue::Page& page, Instant now);
  Result<void> pass_time(Instant now);
  Result<void> advance(Instant now);
  Result<queue::Reply> execute(queue::Command&& command, Instant now);
  void look_for_artifacts(queue::Command& command) const;
  bool park(Ticket ticket, const queue::Receive& command, Done& done, Instant now);
  void dismiss(const std::vector<Ticket>& waiters, queue::Refusal why);
  Result<void> serve_waiters(Instant now);
  Result<void> serve_queue(const std::string& queue, Instant now);
  Result<void> fetch(queue::Reply& reply);
  Result<void> fetch(std::vector<queue::Delivery>& deliveries);
  Result<std::vector<std::optional<queue::Payload>>> bodies_of(
      const std::vector<queue::Delivery>& deliveries);
  Result<void> fetch_evidence(queue::Delivery& delivery) const;

  ShardOptions options_;
  store::Store& store_;
  const artifact::Artifacts* artifacts_;
  queue::Engine engine_;
  queue::Mutations mutations_;  // empty between any two calls: it only keeps its memory
  Commit commit_;
  Reader reader_;
  std::vector<Answer> answers_;
  Waiters waiters_;
  std::map<SessionId, Instant> unresumed_;  // sessions found at recovery, and when they end
  Instant grace_end_{};                     // of recovery
};

}  // namespace selvage::broker
