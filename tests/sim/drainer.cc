// SPDX-License-Identifier: Apache-2.0
// The calm: takes whatever there is from every queue and deletes it, again and again.
#include <map>

#include "tests/sim/client.h"
#include "tests/sim/town.h"

namespace selvage::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Drainer final : public Busy {
 public:
  explicit Drainer(const Surroundings& around) : Busy(around, kPace, kPace) {}

 private:
  static constexpr Duration kPace = milliseconds(50);

  void act() override {
    const size_t first = chance().below(town().size());
    queue::Receive receive{.queue = town().at(first).name,
                           .max = 10,
                           .visibility = seconds(30),
                           .wait = seconds(20),
                           .session = {}};
    for (size_t i = 1; i < town().size(); ++i)
      receive.then_from.push_back(town().at((first + i) % town().size()).name);
    post_.call(receive, seconds(25), [this](const queue::Reply* reply) {
      // A request to delete it may have been under way since before the calm.
      if (reply != nullptr && std::holds_alternative<queue::Refusal>(*reply))
        post_.tell(queue::CreateQueue{kScratch, lot(kScratch).config});
      if (reply != nullptr)
        if (const auto* const got = std::get_if<std::vector<queue::Delivery>>(reply)) remove(*got);
      go_on();
    });
  }
  void remove(const std::vector<queue::Delivery>& got) {
    std::map<std::string, queue::Delete> deletes;
    for (const queue::Delivery& d : got) {
      deletes[d.queue].queue = d.queue;
      deletes[d.queue].receipts.push_back(d.receipt);
    }
    for (auto& [name, remove] : deletes)
      post_.call(std::move(remove), kPatience, [](const queue::Reply*) {});
  }
};

}  // namespace

ClientPtr make_drainer(const Surroundings& around) {
  return std::make_unique<Drainer>(around);
}

}  // namespace selvage::sim
