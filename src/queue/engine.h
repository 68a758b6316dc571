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
#include <vector>

#include "base/clock.h"
#include "queue/command.h"
#include "queue/engine_limits.h"
#include "queue/queue_state.h"
#include "queue/stock.h"

namespace selvage::queue {

// Of the messages that wait it has a window in memory (window.h); the rest is in the store. Before
// a command: page_before() until there is none, then reads(); after each commit: take_pages().
//
// 1. A message has one holder at a time: the newest lease's token; a revoked lease has none.
// 2. A hand-over removes its input and adds its outputs in the mutations of one command.
// 3. A message leaves only by delete, hand-over, retention or the deletion of its queue. Where it
//    should go to a dead-letter queue that does not exist, it stays.
// 4. `now` never runs backwards between calls.
// 5. What was received and not yet put back to wait is in memory; the counts are exact.
// Not thread-safe: one owner.
class Engine {
 public:
  // `random` makes message ids, lease tokens, session ids and the jitter of back-off. Kept.
  explicit Engine(Random& random, EngineOptions options = {})
      : random_(random), options_(options) {}

  // Recovery: first every queue, then everything else, then normal life. Of messages only those in
  // kHeldLane: the others, and deduplication ids, are read when they are needed.
  void restore(const QueueRecord& record);
  void restore(const MoveTask& task, Instant now);
  void restore(QueueId queue, Seq seq, Message message, Instant now);
  // Sessions that live on, with their generations.
  void restore(const std::map<SessionId, uint64_t>& sessions);

  // Decides one command. Appends what changed to `out`; a Refusal appends nothing. `found`: what
  // reads() asked for, as it stands in the store after every mutation so far.
  Reply execute(Command&& command, Instant now, Mutations& out, const Found& found);
  // Time passes for its queue first; that appends to `out` too.
  Reads reads(const Command& command, Instant now, Mutations& out);

  // The records that have to be in memory before this command can be decided well; nullopt when
  // nothing is missing. Load it, then ask again, kMaxPagesAtOnce times at most.
  std::optional<Page> page_before(const Command& command);
  // Pages to read ahead, the most urgent first; to be loaded before anything else happens.
  std::vector<Page> take_pages() { return stock_.take_pages(); }
  bool wants_pages() const { return stock_.wants_pages(); }
  // Time has something to do by `now`, or waits for a page to do it.
  bool is_due(Instant now) const { return next_event() <= now || stock_.wants_due_pages(); }
  // `records`: all there are of the page, in order; fewer than its limit are the lane's last.
  void load(const Page& page, std::vector<Located> records, Instant now);

  // Lets time pass: delays end, leases run out, retention expires. Idle queues cost nothing.
  void advance(Instant now, Mutations& out);
  // The next instant at which advance() would do something; kNever if none.
  Instant next_event() const;

  // Appends the records of queues whose counters changed. Call once per commit, last.
  void flush(Mutations& out);

  // Queues that may have become receivable since the last call, each once, in order of id.
  std::vector<QueueId> take_woken();
  bool has_woken() const { return !woken_.empty(); }
  std::string name_of(QueueId queue) const;  // "" for one that is gone
  const QueueConfig* config_of(const std::string& queue) const;
  // One was answered without a message. Not for a receive that is tried again and again.
  void count_empty_receive(const std::string& queue);
  // The policy documents of the queues that have one, by queue; null when none has changed since
  // the last call.
  std::shared_ptr<const Policies> take_policies();
  // Sessions that hold leases; after recovery these wait to be resumed.
  std::vector<SessionId> sessions() const;
  // Waiting messages, of all queues.
  size_t in_memory() const { return stock_.in_memory(); }

  // Walks everything and CHECKs every invariant.
  void audit(Instant now) const;

 private:
  struct Session {
    std::set<std::tuple<Instant, QueueId, Seq>> leases;  // oldest first
    uint64_t generation = 0;
  };
  Reply run(CreateQueue& c, Context& x);
  Reply run(DeleteQueue& c, Context& x);
  Reply run(ListQueues& c, Context& x);
  Reply run(GetQueue& c, Context& x);
  Reply run(SetQueue& c, Context& x);
  Reply run(PurgeQueue& c, Context& x);
  Reply run(EditTags& c, Context& x);
  Reply run(Send& c, Context& x);
  Reply run(Receive& c, Context& x);
  Reply run(Delete& c, Context& x);
  Reply run(ChangeVisibility& c, Context& x);
  Reply run(Peek& c, Context& x);
  Reply run(Cancel& c, Context& x);
  Reply run(Reschedule& c, Context& x);
  Reply run(Edit& c, Context& x);
  Reply run(StartMove& c, Context& x);
  Reply run(CancelMove& c, Context& x);
  Reply run(ListMoves& c, Context& x);
  Reply run(OpenSession& c, Context& x);
  Reply run(CloseSession& c, Context& x);
  Reply run(HandOver& c, Context& x);
  Reply run(Return& c, Context& x);
  Reply run(Fail& c, Context& x);

  struct Origin {
    Queue& queue;
    Standing at;
  };
  // How a lease ended other than well.
  struct Failure {
    Instant ended;
    std::string evidence;
    bool poison = false, died = false;
  };

  Queue* find(const std::string& name);
  Queue* find(QueueId id);
  Queue* holder_queue(const Receipt& receipt);  // the queue, if the receipt's lease is still held
  void advance_queue(Queue& queue, Context& x);
  void expire(Queue& queue, Context& x);
  void touch(Queue& queue);  // counters or messages changed: record it, reschedule
  static Instant wake_of(const Queue& queue);  // when something happens in it next
  void reschedule(Queue& queue);  // its next event, and whether somebody may receive now

  std::optional<Refusal> problem_of(const std::string& name, const QueueConfig& config,
                                    const std::optional<Redrive>& former) const;
  bool is_throttled(Queue& queue, Throttle::Action action, Instant now) const;
  void end_leases(Queue& queue);
  void apply_delay(Queue& queue, Context& x);
  std::optional<Refusal> problem_of(const Queue& queue, const NewMessage& message) const;
  // What `add` would do, but answers a duplicate with the first of its kind.
  Sent send(Queue& queue, NewMessage&& message, Context& x);
  Sent add(Queue& queue, NewMessage&& message, Context& x);
  void look_up_double(const Queue& queue, std::string_view group, std::string_view id,
                      Reads& reads) const;
  void look_up_doubles(const Send& c, Reads& reads);
  void look_up_doubles(const HandOver& c, Reads& reads);
  std::optional<Refusal> receive(Queue& queue, const Receive& c, std::vector<Delivery>& deliveries,
                                 Context& x);
  Delivery lease(Queue& queue, Seq seq, const Receive& c, Context& x);
  static Delivery show(const Queue& queue, Seq seq, const Message& message);
  OrRefusal<Done> settle(Queue& queue, const Receipt& receipt, Context& x);
  OrRefusal<bool> repeat(Queue& queue, const Receive& c, std::vector<Delivery>& deliveries,
                         Context& x);
  void remove(Queue& queue, const Standing& at, Context& x);
  template <typename Edit>
  void hold(Queue& queue, Seq seq, Context& x, Edit&& edit);
  void end_lease(Queue& queue, Seq seq);  // out of its session's books
  Failed fail(Queue& queue, Seq seq, Failure failure, Context& x);
  void give_back(Queue& queue, Seq seq, Duration delay, Context& x);
  void give_back_unknown(Session& session, const std::vector<Receipt>& holding, Context& x);
  // False: it stays. `failure`: what ended its last attempt, if that is why.
  bool dead_letter(Queue& queue, Seq seq, Failure* failure, Context& x);
  // Moves a message that nobody holds, `edited` as it shall be there; its payload goes with it.
  Seq move(const Origin& origin, Queue& to, Message edited, Context& x);
  void list_pages(const Queue& queue, const Peek& c, Reads& reads) const;
  OrRefusal<Done> reschedule(Queue& queue, const Reschedule::Item& item, Context& x);
  std::vector<MoveTask> moves_of(const std::string& source) const;
  void forget_step(MoveTaskId id);
  void forget_move(MoveTaskId id, Context& x);
  void step(MoveTask& task, Context& x);
  std::string move_back(const MoveTask& task, Queue& source, Seq seq, Context& x);
  void advance_moves(Context& x);
  void end_moves_of(const std::string& queue, Context& x);
  OrRefusal<Done> hand_over(HandOver::Item& item, Context& x);
  OrRefusal<Done> change_visibility(Queue& queue, const ChangeVisibility::Item& item, Context& x);
  Duration backoff(const Retry& retry, uint32_t failed);
  QueueInfo info(const Queue& queue) const;

  Random& random_;
  const EngineOptions options_;
  std::map<std::string, std::unique_ptr<Queue>> by_name_;
  std::map<QueueId, Queue*> by_id_;
  Stock stock_{by_id_, options_.memory};
  Deduplication deduplication_{options_.memory.filters, random_.next()};
  QueueId last_queue_;
  std::set<std::pair<Instant, QueueId>> wakes_;
  std::map<SessionId, Session> sessions_;
  std::map<MoveTaskId, MoveTask> moves_;
  std::set<std::pair<Instant, MoveTaskId>> move_steps_;  // of those that run, when they go on
  std::map<std::string, Instant> deleted_;               // with Amazon's timers: names at rest
  std::set<QueueId> dirty_;
  std::set<QueueId> woken_;
  bool policies_changed_ = true;
};

}  // namespace selvage::queue
