// SPDX-License-Identifier: Apache-2.0
#include "app/paths.h"

#include <filesystem>

namespace selvage::app {

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

}  // namespace selvage::app
