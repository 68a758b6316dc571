// SPDX-License-Identifier: Apache-2.0
#pragma once
// The evidence that a message carries of its failed attempts, read.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace selvage::app {

// One failed attempt; what its evidence does not say is empty or zero.
struct Attempt {
  std::string stage = {};
  std::string worker = {};
  std::string host = {};
  std::string cause = {};
  std::string signature = {};  // made of the rest where it is not said
  std::string errors = {};     // the tail of standard error
  int64_t number = 0;
  Instant started{};
  Instant ended{};
};

// Of a JSON list, the oldest first. What makes no sense is an attempt of which nothing is known.
std::vector<Attempt> read_evidence(std::string_view json);

}  // namespace selvage::app
