// SPDX-License-Identifier: Apache-2.0
// Receives as Amazon's clients do, without a session: deletes, stretches leases, gives back,
// forgets.
#include "tests/sim/client.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

using queue::Delivery;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Receiver final : public Busy {
 public:
  explicit Receiver(const Surroundings& around) : Busy(around, milliseconds(20), seconds(2)) {}

 private:
  void act() override {
    queue::Receive receive{.queue = chance().pick(town()).name,
                           .max = static_cast<uint32_t>(chance().between(1, 5)),
                           .visibility = {},
                           .wait = {},
                           .session = {}};
    if (chance().one_in(2)) receive.visibility = milliseconds(chance().between(0, 40'000));
    if (chance().one_in(2)) receive.wait = seconds(chance().between(0, 20));
    if (chance().one_in(5)) receive.then_from = {chance().pick(town()).name};
    if (lot(receive.queue).is_fifo() && chance().one_in(2))
      receive.attempt = "attempt-" + std::to_string(chance().random().next());
    take(receive, 2);
  }
  void take(const queue::Receive& receive, int again) {
    const Duration patience = receive.wait.value_or(Duration{0}) + kPatience;
    post_.call(receive, patience, [this, receive, again](const queue::Reply* reply) {
      if (reply == nullptr && again > 0 && !receive.attempt.empty() && !retired_)
        return later(milliseconds(100), [this, receive, again] { take(receive, again - 1); });
      if (reply != nullptr)
        if (const auto* const got = std::get_if<std::vector<Delivery>>(reply)) use(*got);
      if (!receive.attempt.empty() && chance().one_in(6) && !retired_) return take(receive, 0);
      go_on();
    });
  }
  void use(const std::vector<Delivery>& got) {
    for (const Delivery& d : got) {
      const Duration lease = d.message.vest - d.message.leased_at;
      switch (chance().below(10)) {
        case 0:
          return;  // forgotten: the leases run out
        case 1:
          change(d, Duration{0});
          break;
        case 2:
          change(d, chance().between(milliseconds(1), seconds(60)));
          remove_after(chance().between(Duration{0}, seconds(30)), {d});
          break;
        case 3:
          give_back(d);
          break;
        case 4:  // around the end of the lease, or much later
          remove_after(chance().between(lease, lease + (lease + seconds(1)) * 2), {d});
          break;
        case 5:
          remove_after(chance().between(Duration{0}, lease), {d});
          remove_after(chance().between(Duration{0}, seconds(60)), {d});
          break;
        default:
          remove_after(chance().between(Duration{0}, seconds(2)), {d});
      }
    }
    if (chance().one_in(3)) remove_after(milliseconds(chance().below(3000)), got);  // as a batch
  }
  void remove_after(Duration wait, const std::vector<Delivery>& done) {
    if (done.empty()) return;
    queue::Delete remove{done.front().queue, {}};
    for (const Delivery& d : done) remove.receipts.push_back(d.receipt);
    site_.scheduler.after(wait, [this, remove] {
      if (!retired_) post_.call(remove, kPatience, [](const queue::Reply*) {});
    });
  }
  void change(const Delivery& d, Duration timeout) {
    post_.call(queue::ChangeVisibility{d.queue, {{d.receipt, timeout}}}, kPatience,
               [](const queue::Reply*) {});
  }
  void give_back(const Delivery& d) {
    const Duration delay = chance().one_in(2) ? Duration{0} : Duration(seconds(chance().below(5)));
    post_.call(queue::Return{{{d.receipt, delay}}}, kPatience, [](const queue::Reply*) {});
  }
};

}  // namespace

ClientPtr make_receiver(const Surroundings& around) {
  return std::make_unique<Receiver>(around);
}

}  // namespace selvage::sim
