// SPDX-License-Identifier: Apache-2.0
#pragma once
// The queue engine: pure. Commands and a time in, replies and mutations out. It reads no clock,
// touches no file, has no thread and looks at no payload; the simulator and the broker run the same
// code. Read command.h first, then message.h for the life of a message.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "queue/command.h"
#include "queue/message_index.h"
#include "queue/mutation.h"

namespace selvage::queue {

// SQS bounds what one standard queue has in flight (SQS quotas page).
inline constexpr uint64_t kMaxInFlight = 120'000;
// The longest a lease can be stretched, counted from its receive (ChangeMessageVisibility).
inline constexpr Duration kMaxLease = std::chrono::hours(12);

// 1. A message has one holder at a time: the newest lease's token; a revoked lease has none.
// 2. A hand-over removes its input and adds its outputs in the mutations of one command.
// 3. A message leaves only by delete, hand-over, retention or the deletion of its queue. Where it
//    should go to a dead-letter queue that does not exist, it stays.
// 4. `now` never runs backwards between calls.
// Not thread-safe: one owner.
class Engine {
 public:
  // `random` makes message ids, lease tokens, session ids and the jitter of back-off. Kept.
  explicit Engine(Random& random) : random_(random) {}

  // Recovery: first every queue, then every message, then normal life.
  void restore(const QueueRecord& record);
  void restore(QueueId queue, Seq seq, Message message, Instant now);

  // Decides one command. Appends what changed to `out`; a Refusal appends nothing.
  Reply execute(Command&& command, Instant now, Mutations& out);

  // Lets time pass: delays end, leases run out, retention expires. Idle queues cost nothing.
  void advance(Instant now, Mutations& out);
  // The next instant at which advance() would do something; kNever if none.
  Instant next_event() const;

  // Appends the records of queues whose counters changed. Call once per commit, last.
  void flush(Mutations& out);

  // Queues that may have become receivable since the last call, each once, in order of id.
  std::vector<QueueId> take_woken();
  // "" for a queue that is gone.
  std::string name_of(QueueId queue) const;
  const QueueConfig* config_of(const std::string& queue) const;
  // Sessions that hold leases; after recovery these wait to be resumed.
  std::vector<SessionId> sessions() const;
  // Every artifact that some message refers to.
  std::set<ArtifactId> artifacts() const;

  // Walks everything and CHECKs every invariant.
  void audit(Instant now) const;

 private:
  struct Queue {
    QueueRecord record;
    MessageIndex messages;
    Instant wake = kNever;  // its entry in wakes_
  };
  struct Session {
    std::set<std::tuple<Instant, QueueId, Seq>> leases;  // oldest first
    uint64_t generation = 0;
  };
  struct Context {
    Instant now;
    Mutations& out;
  };

  Reply run(CreateQueue& c, Context& x);
  Reply run(DeleteQueue& c, Context& x);
  Reply run(ListQueues& c, Context& x);
  Reply run(GetQueue& c, Context& x);
  Reply run(SetQueue& c, Context& x);
  Reply run(Send& c, Context& x);
  Reply run(Receive& c, Context& x);
  Reply run(Delete& c, Context& x);
  Reply run(ChangeVisibility& c, Context& x);
  Reply run(OpenSession& c, Context& x);
  Reply run(CloseSession& c, Context& x);
  Reply run(HandOver& c, Context& x);
  Reply run(Return& c, Context& x);
  Reply run(Fail& c, Context& x);

  // How a lease ended other than well.
  struct Failure {
    Instant ended;
    std::string evidence;
    bool poison = false;
  };

  Queue* find(const std::string& name);
  Queue* find(QueueId id);
  Queue* holder_queue(const Receipt& receipt);  // the queue, if the receipt's lease is still held
  void advance_queue(Queue& queue, Context& x);
  void expire(Queue& queue, Context& x);
  void touch(Queue& queue);       // counters or messages changed: record it, reschedule
  void reschedule(Queue& queue);  // its next event, and whether somebody may receive now

  Sent add(Queue& queue, NewMessage&& message, Context& x);
  Delivery lease(Queue& queue, Seq seq, const Receive& c, Context& x);
  void remove(Queue& queue, Seq seq, Context& x);
  template <typename Change>
  void change(Queue& queue, Seq seq, Context& x, Change&& edit);
  void end_lease(Queue& queue, Seq seq);  // out of its session's books

  struct Place {
    Queue* queue;
    Seq seq;
  };
  Failed fail(Queue& queue, Seq seq, Failure failure, Context& x);
  void give_back(Queue& queue, Seq seq, Duration delay, Context& x);
  void give_back_unknown(Session& session, const std::vector<Receipt>& holding, Context& x);
  std::optional<Place> dead_letter(Queue& queue, Seq seq, Context& x);  // none: it stays
  OrRefusal<Done> hand_over(HandOver::Item& item, Context& x);
  OrRefusal<Done> change_visibility(Queue& queue, const ChangeVisibility::Item& item, Context& x);
  Duration backoff(const Retry& retry, uint32_t failed);
  QueueInfo info(const Queue& queue) const;

  Random& random_;
  std::map<std::string, std::unique_ptr<Queue>> by_name_;
  std::map<QueueId, Queue*> by_id_;
  QueueId last_queue_;
  std::set<std::pair<Instant, QueueId>> wakes_;
  std::map<SessionId, Session> sessions_;
  std::set<QueueId> dirty_;
  std::set<QueueId> woken_;
};

}  // namespace selvage::queue
