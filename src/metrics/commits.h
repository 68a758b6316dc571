// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a broker tells of its group commits.

#include "metrics/histogram.h"

namespace selvage::metrics {

struct Commits {
  Histogram answers{kCounts};
  Histogram duration{kTimes};
  Histogram sync{kTimes};
};

}  // namespace selvage::metrics
