// SPDX-License-Identifier: Apache-2.0
#pragma once
// A bug is ours: say where and stop. On in release builds, because a queue that goes on with a
// broken invariant loses data later and further away.

namespace selvage {

[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace selvage

#define SELVAGE_CHECK(condition)                               \
  do {                                                         \
    if (!(condition)) [[unlikely]]                             \
      ::selvage::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)
