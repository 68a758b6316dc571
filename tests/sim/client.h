// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who uses the broker: each client is a small state machine that acts, waits for an answer or for
// time, and acts again until it retires.

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/ledger.h"
#include "tests/sim/post.h"

namespace selvage::sim {

struct Surroundings {
  Site& site;
  Post& post;
  Ledger& ledger;
};

class Client {
 public:
  explicit Client(const Surroundings& around)
      : site_(around.site), post_(around.post), ledger_(around.ledger) {}
  virtual ~Client() = default;

  virtual void start() = 0;
  virtual void retire() { retired_ = true; }  // begins nothing any more

 protected:
  Chance& chance() { return site_.chance; }
  // Goes on after a while that is as long as that, or up to three times as long.
  template <typename Step>
  void later(Duration wait, Step&& step) {
    site_.scheduler.after(chance().between(wait, 3 * wait), std::forward<Step>(step));
  }

  Site& site_;
  Post& post_;
  Ledger& ledger_;
  bool retired_ = false;
};

// One that acts again and again, with pauses.
class Busy : public Client {
 public:
  Busy(const Surroundings& around, Duration least, Duration most)
      : Client(around), pace_(chance().between(least, most)) {}

  void start() override { go_on(); }

 protected:
  virtual void act() = 0;  // and go_on() when it is done
  void go_on() {
    later(pace_, [this] {
      if (!retired_) act();
    });
  }

 private:
  Duration pace_;
};

using ClientPtr = std::unique_ptr<Client>;
ClientPtr make_sender(const Surroundings& around);
ClientPtr make_receiver(const Surroundings& around);
ClientPtr make_worker(const Surroundings& around);
ClientPtr make_operator(const Surroundings& around);
ClientPtr make_drainer(const Surroundings& around);  // takes and deletes everything there is

inline constexpr Duration kPatience = std::chrono::seconds(5);

}  // namespace selvage::sim
