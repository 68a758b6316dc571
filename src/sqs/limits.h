// SPDX-License-Identifier: Apache-2.0
#pragma once
// The ranges of Amazon's numbers, with the service's own words for what is outside (SQS-CONTRACT,
// 1.3), and ours.

#include <cstdint>
#include <optional>
#include <string_view>

#include "sqs/error.h"

namespace selvage::sqs {

struct Range {
  std::string_view parameter;
  int64_t min, max;
  std::string_view reason = {};  // empty: "Must be between MIN and MAX, if provided."
};

inline constexpr Range kDelaySeconds{"DelaySeconds", 0, 900,
                                     "DelaySeconds must be >= 0 and <= 900."};
inline constexpr Range kMaxNumberOfMessages{"MaxNumberOfMessages", 1, 10};
inline constexpr Range kWaitTimeSeconds{"WaitTimeSeconds", 0, 20,
                                        "Must be >= 0 and <= 20, if provided."};
inline constexpr Range kVisibilityTimeout{"VisibilityTimeout", 0, 43'200,
                                          "Must be between 0 and 43200, if provided."};
inline constexpr Range kVisibilityTimeoutMs{"VisibilityTimeoutMs", 1, 43'200'000};  // ours
inline constexpr Range kDelayMs{"DelayMs", 0, 31'622'400'000};                      // ours: a year
inline constexpr Range kMaxResults{"MaxResults", 1, 1000};

inline constexpr size_t kMaxMessageBytes = 1 << 20;  // and of the sum over a batch's entries

// Failure: InvalidParameterValue.
OrError<int64_t> in_range(const Range& range, int64_t value);
// As above; nullopt when there is none.
OrError<std::optional<int64_t>> in_range(const Range& range, std::optional<int64_t> value);

}  // namespace selvage::sqs
