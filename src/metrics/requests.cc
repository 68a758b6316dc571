// SPDX-License-Identifier: Apache-2.0
#include "metrics/requests.h"

#include <utility>

namespace selvage::metrics {

Requests::Requests(std::vector<std::string> actions) : names_(std::move(actions)) {
  names_.emplace_back("unknown");
  actions_ = std::make_unique<Action[]>(names_.size());
}

}  // namespace selvage::metrics
