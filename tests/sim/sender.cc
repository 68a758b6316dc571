// SPDX-License-Identifier: Apache-2.0
// Sends letters, alone and in batches; sends again what was not answered, and now and then what
// was.
#include "tests/sim/client.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Sender final : public Busy {
 public:
  explicit Sender(const Surroundings& around) : Busy(around, milliseconds(50), seconds(3)) {}

 private:
  void act() override {
    const std::string& queue = chance().pick(town()).name;
    queue::Send send{queue, {}};
    for (uint64_t left = chance().one_in(3) ? chance().between(1, 6) : 1; left > 0; --left)
      send.messages.push_back(write(queue));
    transmit(send, 2);
  }
  queue::NewMessage write(const std::string& queue) {
    const Lot& to = lot(queue);
    const bool in_group = to.is_fifo() || chance().one_in(3);
    const std::string group = in_group ? std::string(1, char('a' + chance().below(3))) : "";
    const bool by_content = to.config.content_based_deduplication.value_or(false);
    queue::NewMessage message = ledger_.write(queue, group, to.is_fifo() && !by_content);
    if (!to.is_fifo() && chance().one_in(4))
      message.delay = chance().between(Duration{0}, seconds(chance().one_in(4) ? 90 : 3));
    return message;
  }
  void transmit(const queue::Send& send, int again) {
    post_.call(send, kPatience, [this, send, again](const queue::Reply* reply) {
      const bool is_fifo = lot(send.queue).is_fifo();
      if (reply == nullptr && again > 0 && !retired_)
        return later(milliseconds(300), [this, send, again] { transmit(send, again - 1); });
      if (is_fifo && chance().one_in(4) && !retired_) double_later(send);
      go_on();
    });
  }
  // Within the window of five minutes, around its end, or after it.
  void double_later(const queue::Send& send) {
    const Duration wait =
        seconds(chance().one_in(3) ? chance().between(280, 340) : chance().between(1, 60));
    site_.scheduler.after(wait, [this, send] {
      if (!retired_) post_.call(send, kPatience, [](const queue::Reply*) {});
    });
  }
};

}  // namespace

ClientPtr make_sender(const Surroundings& around) {
  return std::make_unique<Sender>(around);
}

}  // namespace selvage::sim
