// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether what is stored hangs together, and is what the engine says: what every recovery will have
// to be content with. Asks the doctor (store/inspect.h).

#include <string>
#include <vector>

#include "queue/queue_commands.h"
#include "store/inspect.h"
#include "tests/sim/disk.h"

namespace selvage::sim {

// Every record there is, counted and held against the others. Reads what was written, also where a
// bit has flipped since.
store::Census census_of(const SimStore& disk, Instant now);
// Empty, or what is wrong with it. `lost`: so many messages may be without a sound body.
std::string fault_in(const store::Census& census, uint64_t lost);
// Empty, or where the queues have something else than `told` says; that is of all queues.
std::string difference(const store::Census& census, const std::vector<queue::QueueInfo>& told);

}  // namespace selvage::sim
