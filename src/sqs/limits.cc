// SPDX-License-Identifier: Apache-2.0
#include "sqs/limits.h"

#include <fmt/format.h>

namespace selvage::sqs {

OrError<int64_t> in_range(const Range& range, int64_t value) {
  if (value >= range.min && value <= range.max) return value;
  const std::string reason =
      range.reason.empty()
          ? fmt::format("Must be between {} and {}, if provided.", range.min, range.max)
          : std::string(range.reason);
  return invalid_value(fmt::format_int(value).str(), range.parameter, reason);
}

OrError<std::optional<int64_t>> in_range(const Range& range, std::optional<int64_t> value) {
  if (!value) return value;
  return in_range(range, *value);
}

}  // namespace selvage::sqs
