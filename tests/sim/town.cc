// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/town.h"

#include <algorithm>

#include "base/check.h"

namespace selvage::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Lot> build() {
  std::vector<Lot> lots;
  const auto add = [&](const char* name) -> queue::ConfigPatch& {
    lots.push_back({name, {}});
    lots.back().config.visibility = seconds(20);
    return lots.back().config;
  };
  const queue::Retry retry{3, 3, milliseconds(200), seconds(10)};
  add("a-dead");
  add("g-dead.fifo").fifo = true;
  queue::ConfigPatch& a = add("a");
  a.redrive = queue::Redrive{"a-dead", 4};
  a.retry = retry;
  a.retry->deaths = 2;
  add("b").retry = retry;
  add("slow").delay = seconds(3);
  queue::ConfigPatch& brief = add(kBrief.c_str());
  brief.retention = seconds(60);
  brief.visibility = seconds(15);
  queue::ConfigPatch& f = add("f.fifo");
  f.fifo = true;
  f.visibility = seconds(10);
  f.retry = retry;
  queue::ConfigPatch& g = add("g.fifo");
  g.fifo = true;
  g.content_based_deduplication = true;
  g.deduplicates_per_group = true;
  g.delay = seconds(1);
  g.redrive = queue::Redrive{"g-dead.fifo", 3};
  g.retry = retry;
  add(kScratch.c_str());
  return lots;
}

}  // namespace

const std::vector<Lot>& town() {
  static const std::vector<Lot> lots = build();
  return lots;
}

const Lot& lot(const std::string& name) {
  const auto at = std::ranges::find(town(), name, &Lot::name);
  SELVAGE_CHECK(at != town().end());
  return *at;
}

bool is_dead_letter_queue(const std::string& name) {
  return std::ranges::any_of(town(), [&](const Lot& one) {
    return one.redrive() != nullptr && one.redrive()->dead_letter_queue == name;
  });
}

std::set<std::string> reach(const std::string& name) {
  std::set<std::string> places = {name};
  if (const queue::Redrive* const redrive = lot(name).redrive())
    places.insert(redrive->dead_letter_queue);
  if (places.contains("a-dead")) places.insert("b");
  if (places.contains("g-dead.fifo")) places.insert("f.fifo");
  return places;
}

}  // namespace selvage::sim
