// SPDX-License-Identifier: Apache-2.0
#pragma once
// Numbers and lengths of time as people write them in the workflow file. YAML's own ideas of a
// number (octal, 1e3, 1_000) are refused: a text means one thing or nothing.

#include <expected>
#include <string_view>

#include "base/time.h"
#include "workflow/complaint.h"

namespace selvage::workflow {

struct DurationRange {
  Duration low;
  Duration high;
};

// "250ms", "30s", "1h30m": whole numbers with units d h m s ms us, the largest first, each once.
// A complaint's message continues a sentence that begins with the key.
std::expected<Duration, Complaint> parse_duration(std::string_view text);

// "200ms..30s"; low is not above high.
std::expected<DurationRange, Complaint> parse_duration_range(std::string_view text);

// A whole number without a sign, at most nine digits.
std::expected<int, Complaint> parse_count(std::string_view text);

// "80%": a whole number from 1 to 100.
std::expected<int, Complaint> parse_percent(std::string_view text);

}  // namespace selvage::workflow
