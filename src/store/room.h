// SPDX-License-Identifier: Apache-2.0
#pragma once
// The port to the place on which a store grows: how much is left, and what was set aside for bad
// times. Tests have virtual space behind it.

#include <cstdint>
#include <optional>
#include <string>

namespace selvage::store {

// One thread at a time.
class Room {
 public:
  virtual ~Room() = default;
  // For sentences: what people know the place by.
  virtual std::string name() const = 0;
  // What can still be written; nullopt while nobody can tell.
  virtual std::optional<uint64_t> free_bytes() = 0;
  // Gives up what was set aside, or sets it aside (again). Done already, or impossible: nothing.
  virtual void release() = 0;
  virtual void set_aside() = 0;
};

}  // namespace selvage::store
