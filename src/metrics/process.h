// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the kernel says of this process.

#include <cstdint>

namespace selvage::metrics {

struct ProcessFigures {
  double cpu_seconds = 0;
  uint64_t resident_bytes = 0;
  double started = 0;  // Unix time, seconds
  uint64_t open_files = 0;
  uint64_t max_files = 0;
};

// What cannot be read is 0.
ProcessFigures read_process();

}  // namespace selvage::metrics
