// SPDX-License-Identifier: Apache-2.0
#include "queue/place.h"

namespace selvage::queue {

Lane lane_of(std::string_view group) {
  if (group.empty()) return 0;
  uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
  for (const char c : group) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3;
  hash ^= hash >> 32;  // its low bits alone are weak
  return static_cast<Lane>(1 + hash % (kVisibleLanes - 1));
}

}  // namespace selvage::queue
