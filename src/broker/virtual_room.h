// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests only: space that costs nothing.

#include <mutex>
#include <optional>
#include <string>

#include "store/room.h"

namespace selvage::broker {

// Thread-safe.
class VirtualRoom final : public store::Room {
 public:
  std::string name() const override { return "the virtual room"; }
  std::optional<uint64_t> free_bytes() override { return locked(free_); }
  void release() override { set(reserved_, false); }
  void set_aside() override { set(reserved_, true); }

  void leave(std::optional<uint64_t> free) { set(free_, free); }
  bool has_set_aside() { return locked(reserved_); }

 private:
  template <typename T>
  T locked(const T& value) {
    const std::scoped_lock lock(mutex_);
    return value;
  }
  template <typename T>
  void set(T& value, T to) {
    const std::scoped_lock lock(mutex_);
    value = to;
  }

  std::mutex mutex_;
  std::optional<uint64_t> free_ = UINT64_MAX;
  bool reserved_ = false;
};

}  // namespace selvage::broker
