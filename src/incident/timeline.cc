// SPDX-License-Identifier: Apache-2.0
#include "incident/timeline.h"

#include <cstdlib>
#include <map>
#include <utility>

namespace selvage::incident {
namespace {

constexpr Duration kSameMoment = std::chrono::seconds(1);

// Redos whose loss nobody has claimed yet, by stage and by when the message was lost.
using Unclaimed = std::map<std::pair<std::string, Instant>, size_t>;

void mend(Incident& incident, Duration after, const std::string& by) {
  incident.mended_after = after;
  incident.mended_by = by;
}

Duration distance(Instant a, Instant b) {
  return a > b ? a - b : b - a;
}

// The redo in the stage that began its wait nearest to `at`.
Unclaimed::iterator nearest(Unclaimed& redos, const std::string& stage, Instant at) {
  auto best = redos.end();
  for (auto one = redos.lower_bound({stage, at - kSameMoment});
       one != redos.end() && one->first.first == stage && one->first.second <= at + kSameMoment;
       ++one)
    if (best == redos.end() || distance(one->first.second, at) < distance(best->first.second, at))
      best = one;
  return best;
}

}  // namespace

std::vector<Incident> pair_up(std::vector<Event> events) {
  std::vector<Incident> incidents;
  for (Event& event : events) incidents.push_back({.event = std::move(event)});
  std::map<std::string, size_t> lost;  // message: what it was lost by, not mended yet
  std::map<std::string, size_t> down;  // process: likewise
  Unclaimed redos;
  for (size_t i = 0; i < incidents.size(); ++i) {
    const Event& event = incidents[i].event;
    const bool is_redo = event.kind == Kind::kRecovered || event.kind == Kind::kRetried;
    if (is_loss(event.kind) && !event.message.empty()) lost[event.message] = i;
    if (event.kind == Kind::kProcessDied) down[event.worker] = i;
    if (event.kind == Kind::kProcessRestarted)
      if (const auto at = down.extract(event.worker))
        mend(incidents[at.mapped()], event.at - incidents[at.mapped()].event.at, "");
    if (!is_redo) continue;
    if (const auto at = lost.extract(event.message))
      mend(incidents[at.mapped()], event.recovery, event.worker);
    else
      redos.emplace(std::pair(event.stage, event.at - event.recovery), i);
  }
  for (Incident& incident : incidents) {
    const Event& event = incident.event;
    if (event.kind != Kind::kWorkerDied || !event.message.empty()) continue;
    const auto redo = nearest(redos, event.stage, event.at);
    if (redo == redos.end()) continue;
    const Event& mending = incidents[redo->second].event;
    mend(incident, mending.recovery, mending.worker);
    redos.erase(redo);
  }
  return incidents;
}

}  // namespace selvage::incident
