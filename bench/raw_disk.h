// SPDX-License-Identifier: Apache-2.0
#pragma once
// The yardstick of everything durable: one thread that appends 1 KiB to a file and calls fdatasync,
// again and again.

#include <chrono>
#include <string>

#include "bench/figures.h"
#include "process/fd.h"

namespace selvage::bench {

class RawDisk {
 public:
  // The file is to be on the disk that is measured, and is removed by whoever owns its directory.
  explicit RawDisk(const std::string& file);
  // Returns appends per second; adds the milliseconds of each to `latencies`.
  double measure(std::chrono::nanoseconds time);
  const Sample& latencies() const { return latencies_; }

 private:
  process::Fd file_;
  Sample latencies_;
};

}  // namespace selvage::bench
