// SPDX-License-Identifier: Apache-2.0
#include "queue/id_filter.h"

#include <algorithm>

namespace selvage::queue {
namespace {

constexpr int kBitsOfPlace = 6;  // a bit of each word

// The places are chosen by other bits than the block.
uint64_t places_of(uint64_t hash) {
  return (hash * 0x9E3779B97F4A7C15) >> (64 - 8 * kBitsOfPlace);
}

}  // namespace

IdFilter::IdFilter(size_t capacity)
    : capacity_(capacity),
      blocks_(std::max<size_t>(1, (capacity * kBytesPerId + sizeof(Block) - 1) / sizeof(Block))) {}

size_t IdFilter::block_of(uint64_t hash) const {
  return ((hash >> 32) * blocks_.size()) >> 32;
}

void IdFilter::add(uint64_t hash) {
  ++added_;
  uint64_t places = places_of(hash);
  for (uint64_t& word : blocks_[block_of(hash)].words) {
    word |= uint64_t{1} << (places % 64);
    places >>= kBitsOfPlace;
  }
}

bool IdFilter::may_have(uint64_t hash) const {
  uint64_t places = places_of(hash);
  uint64_t missing = 0;
  for (const uint64_t word : blocks_[block_of(hash)].words) {
    missing |= ~word & uint64_t{1} << (places % 64);
    places >>= kBitsOfPlace;
  }
  return missing == 0;
}

}  // namespace selvage::queue
