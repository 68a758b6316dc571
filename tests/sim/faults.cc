// SPDX-License-Identifier: Apache-2.0
// What is done to a world. Each seed has some kinds of faults and not others, so that one kind does
// not always hide another.
#include <vector>

#include "tests/sim/world.h"

namespace selvage::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

void lose_power(World& world) {
  world.crash(true);
}
void kill_process(World& world) {
  world.crash(false);
}
void take_over(World& world) {
  world.take_over();
}
ErrorCode some_code(World& world) {
  return world.site().chance.one_in(2) ? ErrorCode::kRetry : ErrorCode::kGiveUp;
}
void fail_write(World& world) {
  world.site().disk.fail_next_apply(some_code(world));
}
void fail_sync(World& world) {
  world.site().disk.fail_next_sync(some_code(world));
}
void fill_disk(World& world) {
  world.site().disk.fill(true);
  world.site().scheduler.after(seconds(world.site().chance.between(1, 10)),
                               [&world] { world.site().disk.fill(false); });
}
void rot(World& world) {
  world.rot();
}
void slow_disk(World& world) {
  Site& site = world.site();
  site.weather.slowest_sync = milliseconds(site.chance.between(50, 4000));
  site.scheduler.after(seconds(site.chance.between(5, 40)),
                       [&site] { site.weather.slowest_sync = milliseconds(3); });
}
void jump(World& world) {
  Site& site = world.site();
  const Duration by =
      site.chance.one_in(8) ? Duration(minutes(30)) : seconds(site.chance.between(1, 200));
  site.marks.hit(Mark::kClockJump);
  site.say("the clock jumps");
  site.scheduler.jump(by);
}
void bad_network(World& world) {
  Site& site = world.site();
  Weather& weather = site.weather;
  weather.request_lost = site.chance.below(10);
  weather.request_twice = site.chance.below(10);
  weather.request_late = site.chance.below(6);
  weather.reply_lost = site.chance.below(15);
  site.scheduler.after(seconds(site.chance.between(5, 60)), [&weather] {
    weather.request_lost = weather.request_twice = weather.request_late = weather.reply_lost = 0;
  });
}

using Fault = void (*)(World&);

// The next one, and so on until the end.
void plan_next(World& world, const std::vector<Fault>& kinds, Instant end) {
  Site& site = world.site();
  site.scheduler.after(milliseconds(site.chance.between(200, 25'000)), [&world, kinds, end] {
    if (world.site().now() >= end) return;
    world.site().chance.pick(kinds)(world);
    plan_next(world, kinds, end);
  });
}

}  // namespace

void plan_faults(World& world, Instant end) {
  std::vector<Fault> kinds;
  for (const Fault fault : {lose_power, lose_power, kill_process, take_over, fail_write, fail_sync,
                            fill_disk, rot, slow_disk, jump, bad_network, bad_network})
    if (world.site().chance.percent(60)) kinds.push_back(fault);
  if (!kinds.empty()) plan_next(world, kinds, end);
}

}  // namespace selvage::sim
