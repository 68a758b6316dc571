// SPDX-License-Identifier: Apache-2.0
#include "workflow/graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace selvage::workflow {
namespace {

using Stages = std::vector<PlacedStage>;
using Readers = std::map<std::string_view, size_t>;  // queue to the first stage that reads it
constexpr size_t kNone = static_cast<size_t>(-1);

Readers find_readers(const Stages& stages, Problems& problems) {
  Readers readers;
  for (size_t i = 0; i < stages.size(); ++i) {
    const Stage& stage = stages[i].stage;
    if (stage.from.empty()) continue;  // already complained about
    const auto [first, is_new] = readers.emplace(stage.from, i);
    if (is_new) continue;
    problems.add(stages[i].from_at,
                 fmt::format("queue '{}' is already read by stage '{}': each queue has one reading "
                             "stage",
                             stage.from, stages[first->second].stage.name),
                 "for more workers raise workers.max");
  }
  return readers;
}

// The successor of each stage, kNone at the end of a chain.
std::vector<size_t> find_next(const Stages& stages, const Readers& readers) {
  std::vector<size_t> next;
  for (const auto& placed : stages) {
    const auto reader = readers.find(placed.stage.to);
    next.push_back(reader == readers.end() ? kNone : reader->second);
  }
  return next;
}

// The stages from `start` on; a cycle when the walk comes back to `start`, else empty.
std::vector<size_t> cycle_from(size_t start, const std::vector<size_t>& next) {
  std::vector<size_t> cycle;
  for (size_t at = start; at != kNone; at = next[at]) {
    if (at == start && !cycle.empty()) return cycle;
    if (cycle.size() == next.size()) return {};  // it leads into a cycle without `start`
    cycle.push_back(at);
  }
  return {};
}

void complain_about_cycle(const Stages& stages, const std::vector<size_t>& cycle,
                          Problems& problems) {
  const PlacedStage& first = stages[cycle.front()];
  if (cycle.size() == 1) {
    return problems.add(
        first.to_at,
        fmt::format("stage '{}' sends to the queue that it reads: its messages would never leave",
                    first.stage.name),
        "send to another queue or leave 'to' out");
  }
  std::string names;
  for (const size_t i : cycle) names += stages[i].stage.name + " → ";
  problems.add(first.to_at,
               fmt::format("these stages send in a circle, and no message would ever leave: {}{}",
                           names, first.stage.name),
               "let one of them send to another queue or leave its 'to' out");
}

void find_cycles(const Stages& stages, const Readers& readers, Problems& problems) {
  const auto next = find_next(stages, readers);
  for (size_t i = 0; i < stages.size(); ++i) {
    const auto cycle = cycle_from(i, next);
    // Told once: at the first of its stages in the file.
    if (!cycle.empty() && *std::ranges::min_element(cycle) == i) {
      complain_about_cycle(stages, cycle, problems);
    }
  }
}

}  // namespace

void check_graph(const Stages& stages, Problems& problems) {
  find_cycles(stages, find_readers(stages, problems), problems);
  for (const auto& placed : stages) {
    const Stage& stage = placed.stage;
    if (stage.from.empty() || stage.dead != stage.from) continue;
    problems.add(
        placed.dead_at,
        fmt::format("stage '{}' sends its dead letters to the queue that it reads", stage.name),
        fmt::format("leave 'dead' out to get {}-dead", stage.from));
  }
}

}  // namespace selvage::workflow
