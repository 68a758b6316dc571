// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a message's place is shown: as SQS's SequenceNumber.

#include <fmt/format.h>

#include <string>

#include "base/ids.h"

namespace selvage::sqs {

// 20 digits that rise with each message of a queue, in steps of 256, as the service's do.
inline std::string sequence_number(Seq seq) {
  constexpr uint64_t kFirst = 10'000'000'000'000'000'000u;
  constexpr uint64_t kStep = 256;
  return fmt::format("{}", kFirst + seq.value * kStep);
}

}  // namespace selvage::sqs
