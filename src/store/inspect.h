// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is in a store, and whether it hangs together: reads every record, counts, and holds the
// tables against each other. Pure: changes nothing, asks no clock. Needs 24 to 48 bytes of memory
// per message, and about as much again for one that was moved or refers to files. All that it knows
// of the layout is in inspect.cc and inspect_keys.h.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "base/time.h"
#include "store/store.h"

namespace selvage::store {

// Something that is not as it should be, in three parts of a sentence.
struct Finding {
  std::string where;  // the file or the record
  std::string what;   // what it means
  std::string todo;   // what to do about it
  bool operator==(const Finding&) const = default;
};

// Of one queue, at the moment that was asked about.
struct QueueCensus {
  std::string name;
  bool fifo = false;
  uint64_t visible = 0;
  uint64_t in_flight = 0;
  uint64_t delayed = 0;
  std::optional<Instant> oldest = {};  // when the message was sent that is there longest
  uint64_t payload_bytes = 0;
  uint64_t deduplications = 0;
};

struct Census {
  std::vector<QueueCensus> queues;  // by name
  uint64_t messages = 0;
  uint64_t session_leases = 0;  // leases that end with a session
  std::set<SessionId> sessions;
  uint64_t deduplications = 0;
  uint64_t move_tasks = 0;
  uint64_t running_move_tasks = 0;
  uint64_t evidence = 0;                        // what failed attempts left behind
  std::map<ArtifactId, std::string> artifacts;  // and a message that refers to each

  // Of each kind the first few.
  std::vector<Finding> findings;
  uint64_t more_findings = 0;
};

struct Question {
  Instant now;
  // Whether a payload is one that a sender wrote.
  FunctionRef<bool(std::string_view payload)> is_payload;
};

Census inspect(Store& store, const Question& question);

}  // namespace selvage::store
