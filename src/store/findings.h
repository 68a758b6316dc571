// SPDX-License-Identifier: Apache-2.0
#pragma once
// What inspect() tells a person: each kind of finding with its advice, and of each kind the first
// few.

#include <array>
#include <cstdint>
#include <string>

#include "store/inspect.h"

namespace selvage::store {

enum class FindingKind : uint8_t {
  kTable,
  kRecord,
  kNoQueue,
  kTwice,
  kNoPayload,
  kNoMessage,
  kPayload,
  kPlace,
  kAlias,
  kFiles,
  kCount,
  kExtent,
  kLast,
  kLease,
  kEvidence,
  kDeduplication,
  kMoveTask,
};
inline constexpr size_t kFindingKinds = 17;

class Findings {
 public:
  explicit Findings(Census& census) : census_(census) {}  // which outlives it
  void add(FindingKind kind, std::string where, std::string what);

 private:
  Census& census_;
  std::array<uint64_t, kFindingKinds> told_{};
};

}  // namespace selvage::store
