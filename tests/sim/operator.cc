// SPDX-License-Identifier: Apache-2.0
// Operators: make, change, empty and delete queues, look at messages, take them back, move them.
#include "tests/sim/client.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Operator final : public Busy {
 public:
  explicit Operator(const Surroundings& around) : Busy(around, seconds(1), seconds(1)) {}

 private:
  void ask(queue::Command command) {
    post_.call(std::move(command), kPatience, [this](const queue::Reply*) { go_on(); });
  }
  void act() override {
    const std::string& queue = chance().pick(town()).name;
    switch (chance().below(12)) {
      case 0:
        return ask(queue::CreateQueue{kScratch, lot(kScratch).config});
      case 1:
        if (chance().one_in(3)) return ask(queue::DeleteQueue{kScratch});
        return ask(queue::ListQueues{"", "", 100});
      case 2:
        if (queue == kScratch || chance().one_in(20)) return ask(queue::PurgeQueue{queue});
        return ask(queue::GetQueue{queue});
      case 3: {
        queue::SetQueue set{queue, {}};
        set.patch.visibility = seconds(chance().between(1, 40));
        if (chance().one_in(3)) set.patch.receive_wait = seconds(chance().below(10));
        if (chance().one_in(3))
          set.gate = {static_cast<uint32_t>(chance().below(3)), seconds(chance().below(20))};
        return ask(set);
      }
      case 4:
        return ask(queue::EditTags{queue, {{"tag", std::to_string(chance().below(9))}}, {"other"}});
      case 5:
      case 6:
        return start_move();
      case 7:
        return end_move();
      default:
        return look(queue);
    }
  }
  void start_move() {
    const bool fifo = chance().one_in(3);
    queue::StartMove start{fifo ? "g-dead.fifo" : "a-dead", "", 0};
    if (chance().one_in(4)) start.destination = fifo ? "f.fifo" : "b";
    if (chance().one_in(2)) start.max_per_second = static_cast<uint32_t>(chance().between(1, 3));
    ask(start);
  }
  void end_move() {
    const std::string source = chance().one_in(2) ? "a-dead" : "g-dead.fifo";
    post_.call(queue::ListMoves{source, 1}, kPatience, [this, source](const queue::Reply* reply) {
      const auto* const tasks =
          reply == nullptr ? nullptr : std::get_if<std::vector<queue::MoveTask>>(reply);
      if (tasks == nullptr || tasks->empty() || !chance().one_in(3)) return go_on();
      ask(queue::CancelMove{tasks->front().id, source});
    });
  }
  void look(const std::string& queue) {
    queue::Peek peek{queue, {}, {}, {}, 3};
    if (chance().one_in(3)) peek.state = queue::MessageState::kDelayed;
    post_.call(peek, kPatience, [this, queue](const queue::Reply* reply) {
      const auto* const page = reply == nullptr ? nullptr : std::get_if<queue::Peeked>(reply);
      if (page == nullptr || page->messages.empty()) return go_on();
      touch(queue, chance().pick(page->messages));
    });
  }
  void touch(const std::string& queue, const queue::Delivery& shown) {
    // Together with what it belongs to: often in one turn.
    if (queue == kScratch && chance().one_in(3))
      post_.call(queue::PurgeQueue{queue}, kPatience, [](const queue::Reply*) {});
    if (chance().one_in(3)) return ask(queue::Cancel{queue, {shown.message.id}});
    queue::Reschedule::Item item{.id = shown.message.id, .delay = {}, .to = ""};
    if (chance().one_in(2)) item.delay = milliseconds(chance().below(40'000));
    if (chance().one_in(2)) item.to = chance().pick(town()).name;
    // Neither another time nor another queue: another payload, which is the same for the ledger.
    if (!item.delay && item.to.empty())
      return ask(queue::Edit{queue, shown.message.id, shown.payload, shown.message.size});
    ask(queue::Reschedule{queue, {item}});
  }
};

}  // namespace

ClientPtr make_operator(const Surroundings& around) {
  return std::make_unique<Operator>(around);
}

}  // namespace selvage::sim
