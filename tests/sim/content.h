// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether what is stored hangs together: what every recovery will have to be content with.

#include <string>

#include "tests/sim/disk.h"

namespace selvage::sim {

// Every message's record has exactly one payload and the reverse, and no evidence is of nobody.
// Empty, or what is wrong.
std::string fault_in(const SimStore& disk);

}  // namespace selvage::sim
