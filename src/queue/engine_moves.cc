// SPDX-License-Identifier: Apache-2.0
// Message move tasks: a dead-letter queue's messages on their way back, a few at a time. A task's
// progress commits with what it moved, so it goes on after a restart where it stood.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "queue/engine.h"
#include "queue/message_id.h"

namespace selvage::queue {
namespace {

using Status = MoveTask::Status;

// A step's pause is at least this, so that others have their turn between two.
constexpr Duration kStep = std::chrono::milliseconds(20);
constexpr uint32_t kUnboundedPerStep = 100;  // 5,000 a second
// How many of a source are remembered: as many as ListMessageMoveTasks can show.
constexpr size_t kRemembered = 10;

uint64_t share_of(const MoveTask& task) {
  if (task.max_per_second == 0) return kUnboundedPerStep;
  constexpr uint64_t kStepsPerSecond = std::chrono::seconds(1) / kStep;
  return (task.max_per_second + kStepsPerSecond - 1) / kStepsPerSecond;
}

// As long as the share may take at the task's rate.
Duration pause_of(const MoveTask& task) {
  if (task.max_per_second == 0) return kStep;
  return Duration(std::chrono::seconds(1)) * share_of(task) / task.max_per_second;
}

// What a message is when it comes back: a new one (the guide, dead-letter queue redrive).
Message renewed(Message message, MessageId id, Instant now) {
  message.id = id;
  message.sent = message.vest = message.retained_from = now;
  message.first_received = message.leased_at = message.freed = {};
  message.taken = message.taken_before = message.failed = message.deaths = 0;
  message.revoke();
  message.source.clear();
  return message;
}

}  // namespace

Reply Engine::run(StartMove& c, Context& x) {
  Queue* const source = find(c.source);
  if (source == nullptr) return Refusal::kNoSuchQueue;
  if (!std::ranges::any_of(by_name_, [&](const auto& named) {
        return named.second->record.config.sends_dead_letters_to(c.source);
      }))
    return Refusal::kNotADeadLetterQueue;
  if (!c.destination.empty()) {
    const Queue* const destination = find(c.destination);
    if (destination == nullptr) return Refusal::kNoDestination;
    if (destination == source) return Refusal::kSameQueue;
    if (destination->is_fifo() != source->is_fifo()) return Refusal::kDeadLetterKind;
  }
  for (const auto& [id, task] : moves_)
    if (task.source == c.source && task.status == Status::kRunning)
      return Refusal::kMoveTaskRunning;
  advance_queue(*source, x);
  MoveTask task{.id = {random_.next() | 1},
                .source = c.source,
                .destination = c.destination,
                .max_per_second = c.max_per_second,
                .status = Status::kRunning,
                .moved = 0,
                .to_move = source->visible(),
                .started = x.now,
                .failure = {}};
  moves_.emplace(task.id, task);
  move_steps_.emplace(x.now, task.id);
  x.out.emplace_back(PutMoveTask{task});
  const auto known = moves_of(c.source);
  for (size_t n = kRemembered; n < known.size(); ++n) forget_move(known[n].id, x);
  return task;
}

Reply Engine::run(CancelMove& c, Context& x) {
  const auto at = moves_.find(c.id);
  if (at == moves_.end() || at->second.source != c.source) return Refusal::kNoMoveTask;
  MoveTask& task = at->second;
  if (task.status != Status::kRunning) return Refusal::kMoveTaskEnded;
  forget_step(task.id);
  task.status = Status::kCancelled;
  x.out.emplace_back(PutMoveTask{task});
  return task;
}

Reply Engine::run(ListMoves& c, Context&) {
  if (find(c.source) == nullptr) return Refusal::kNoSuchQueue;
  std::vector<MoveTask> found = moves_of(c.source);
  if (found.size() > c.max) found.resize(c.max);
  return found;
}

// Latest first.
std::vector<MoveTask> Engine::moves_of(const std::string& source) const {
  std::vector<MoveTask> found;
  for (const auto& [id, task] : moves_)
    if (task.source == source) found.push_back(task);
  std::ranges::sort(found, [](const MoveTask& a, const MoveTask& b) {
    return std::pair(a.started, a.id) > std::pair(b.started, b.id);
  });
  return found;
}

void Engine::forget_step(MoveTaskId id) {
  std::erase_if(move_steps_, [&](const auto& step) { return step.second == id; });
}

void Engine::forget_move(MoveTaskId id, Context& x) {
  forget_step(id);
  moves_.erase(id);
  x.out.emplace_back(DropMoveTask{id});
}

void Engine::end_moves_of(const std::string& queue, Context& x) {
  for (const MoveTask& task : moves_of(queue)) forget_move(task.id, x);
}

void Engine::advance_moves(Context& x) {
  while (!move_steps_.empty() && move_steps_.begin()->first <= x.now) {
    MoveTask& task = moves_.at(move_steps_.begin()->second);
    move_steps_.erase(move_steps_.begin());
    step(task, x);
    if (task.status == Status::kRunning) move_steps_.emplace(x.now + pause_of(task), task.id);
    x.out.emplace_back(PutMoveTask{task});
  }
}

void Engine::step(MoveTask& task, Context& x) {
  Queue& source = *find(task.source);  // its deletion would have ended the task
  advance_queue(source, x);
  stock_.want_page(source, static_cast<uint32_t>(share_of(task)));
  for (uint64_t left = share_of(task); left > 0; --left) {
    const auto seq = source.messages.first_ready();
    const bool is_under_way = !source.window.is_complete();  // the next page has been asked for
    const bool waits_for_it = !seq || Stock::may_be_preceded(source, *seq);
    if (waits_for_it && is_under_way && task.moved < task.to_move) return;
    if (!seq || task.moved >= task.to_move) {
      task.status = Status::kCompleted;
      return;
    }
    if (auto failure = move_back(task, source, *seq, x); !failure.empty()) {
      task.failure = std::move(failure);
      task.status = Status::kFailed;
      return;
    }
    ++task.moved;
  }
}

// Empty, or why it cannot be: in the codes that the service shows.
std::string Engine::move_back(const MoveTask& task, Queue& source, Seq seq, Context& x) {
  const Message& message = *source.in_memory(seq);
  const std::string& name = task.destination.empty() ? message.source : task.destination;
  if (name.empty()) return "CouldNotDetermineMessageSource";
  Queue* const target = find(name);
  if (target == nullptr || target->is_fifo() != source.is_fifo())
    return "AWS.SimpleQueueService.NonExistentQueue";
  if (target == &source) return "CouldNotDetermineMessageSource";
  const Seq next{target->record.last_seq.value + 1};
  ++source.record.totals.moved;
  move({source, *Stock::locate(source, seq, x)}, *target,
       renewed(message, make_message_id(next, random_.next()), x.now), x);
  return "";
}

}  // namespace selvage::queue
