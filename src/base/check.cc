// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <cstdlib>

#include "base/log.h"

namespace selvage {

void check_failed(const char* file, int line, const char* condition) {
  log_error("this is a bug in selvage: {}:{}: '{}' does not hold; stopping so that nothing is lost",
            file, line, condition);
  std::abort();
}

}  // namespace selvage
