// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/marks.h"

namespace selvage::sim {

const char* text_of(Mark mark) {
  switch (mark) {
#define X(name, text) \
  case Mark::name:    \
    return text;
    SELVAGE_SIM_MARKS(X)
#undef X
    case Mark::kCount:
      break;
  }
  return "";
}

}  // namespace selvage::sim
