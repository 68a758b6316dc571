// SPDX-License-Identifier: Apache-2.0
#pragma once
// Of what happened, what mended it and how long that took.

#include <optional>
#include <string>
#include <vector>

#include "incident/journal.h"

namespace selvage::incident {

struct Incident {
  Event event;
  // Until a program had the message again, or the process ran again; nothing: not yet, or there was
  // nothing to mend.
  std::optional<Duration> mended_after = {};
  std::string mended_by = {};  // the worker that has the message now
};

// Every event in its order. A loss is mended by the next redo of its message. The supervisor sees a
// worker die without knowing what it held: that is mended by the redo in its stage whose message
// was lost at that time, within a second.
std::vector<Incident> pair_up(std::vector<Event> events);

}  // namespace selvage::incident
