// SPDX-License-Identifier: Apache-2.0
#pragma once
// One seed's world: a broker that is brought up again whenever it goes down, its clients, what is
// done to them, and then the calm in which everything has to come to rest.

#include <memory>
#include <vector>

#include "tests/sim/client.h"
#include "tests/sim/door.h"

namespace selvage::sim {

struct Outcome {
  std::string failure;  // empty: every checker was content
  Duration simulated{0};
  uint64_t trace_hash = 0;
  uint64_t trace_lines = 0;
  Marks marks;
};

class World {
 public:
  World(uint64_t seed, bool printed);
  Outcome run();

  // ---- what can be done to it (see faults.cc)
  void crash(bool power_loss);
  void rot();        // a bit flips in what is stored
  void take_over();  // another owner claims the shard while this one still acts
  Site& site() { return site_; }
  bool is_up() const { return server_ && server_->is_up(); }

 private:
  void bring_up();
  void went_down(uint64_t number, const Error& error);
  void bring_up_later(bool power_loss);
  void build_town();
  void survey();
  void survey_every(Duration pause);
  void asked(const std::shared_ptr<Survey>& survey, const Call& call, const queue::Reply* reply);
  void finish(const std::shared_ptr<Survey>& survey);
  void clear_damage(const Survey& survey);
  void enter_calm();
  bool run_until(Instant end);

  Site site_;
  Ledger ledger_;
  Door door_;
  Post post_;
  std::shared_ptr<Server> server_;
  std::shared_ptr<Server> stale_;
  std::vector<ClientPtr> clients_;
  uint64_t brokers_ = 0;
  bool going_up_ = false;
  bool calm_ = false;
  bool at_rest_ = false;
  Instant rest_from_ = kNever;  // before that something may still be under way
  std::string still_there_ = "things that nobody looked at";
};

// Plans the faults of a world until `end`: which kinds there are differs from seed to seed.
void plan_faults(World& world, Instant end);

}  // namespace selvage::sim
