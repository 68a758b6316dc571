// SPDX-License-Identifier: Apache-2.0
#include "queue/message_id.h"

namespace selvage::queue {
namespace {

constexpr uint64_t kPlaceBits = (uint64_t{1} << 62) - 1;  // without the two bits of the variant

uint64_t half(const MessageId& id, size_t from) {
  uint64_t number = 0;
  for (size_t i = from; i < from + 8; ++i) number = number << 8 | id.bytes[i];
  return number;
}

// SplitMix64's finaliser: every bit of the input touches every bit of the output.
uint64_t blend(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

}  // namespace

MessageId make_message_id(Seq seq, uint64_t random) {
  const uint64_t high = half(Uuid::from_random(random, 0), 0);
  return Uuid::from_random(high, (blend(high) ^ seq.value) & kPlaceBits);
}

Seq place_of(MessageId id) {
  return {(half(id, 8) ^ blend(half(id, 0))) & kPlaceBits};
}

}  // namespace selvage::queue
