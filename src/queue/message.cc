// SPDX-License-Identifier: Apache-2.0
#include "queue/message.h"

namespace selvage::queue {
namespace {

constexpr uint64_t kCount = (uint64_t{1} << 24) - 1;

}  // namespace

LeaseToken next_token(LeaseToken former, uint64_t random) {
  const bool counts_on = former && (former.value & kCount) < kCount;
  return counts_on ? LeaseToken{former.value + 1} : LeaseToken{(random & ~kCount) | 1};
}

bool precedes(LeaseToken older, LeaseToken token) {
  if (!older || !token) return false;
  return (older.value & ~kCount) == (token.value & ~kCount) && older.value <= token.value;
}

}  // namespace selvage::queue
