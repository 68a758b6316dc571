// SPDX-License-Identifier: Apache-2.0
#pragma once
// The settings that `defaults` and every stage have in common, with their limits.

#include <string_view>

#include "workflow/plan.h"
#include "workflow/reader.h"

namespace selvage::workflow {

inline constexpr int kMostWorkers = 1000;
inline constexpr int kMostSpare = 100;
inline constexpr int kMostAttempts = 1000;
inline constexpr Duration kShortestDeadline = std::chrono::milliseconds(10);
inline constexpr Duration kLongestGrace = std::chrono::minutes(10);
// A lease lasts at most twelve hours (SQS), and it covers the attempt and the grace after it.
inline constexpr Duration kLongestLease = std::chrono::hours(12);
inline constexpr Duration kLongestDeadline = kLongestLease - kLongestGrace;
// A redo is delayed by the message's visibility, which SQS bounds by twelve hours too.
inline constexpr Duration kLongestBackoff = kLongestLease;
inline constexpr Duration kShortestExpected = std::chrono::milliseconds(1);
inline constexpr int kMostBacklog = 999'999'999;
inline constexpr Duration kShortestTarget = std::chrono::milliseconds(100);
inline constexpr Duration kLongestTarget = std::chrono::days(1);

// [A-Za-z0-9_-]{1,most}
bool is_name(std::string_view text, size_t most);

// Reads workers, target, retry, deadline, expect, grace and env into `stage`; what the map does not
// name stays as it is (env is added to).
void read_settings(const Fields& fields, Stage& stage, Problems& problems);

void read_budget(const wire::YamlNode& node, Budget& budget, Problems& problems);

}  // namespace selvage::workflow
