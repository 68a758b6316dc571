// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a broker can do at the moment, for those who watch over it.

#include <cstdint>
#include <string>

namespace selvage::broker {

struct Health {
  enum class State : uint8_t {
    kOk,
    kReadOnly,  // delivers and deletes, but takes nothing new
    kDown,      // the store has failed and is being opened anew; everybody is told to try again
  };
  State state = State::kOk;
  std::string reason = {};  // what happened and what to do; empty when ok
};

}  // namespace selvage::broker
