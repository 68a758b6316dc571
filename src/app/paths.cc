// SPDX-License-Identifier: Apache-2.0
#include "app/paths.h"

#include <fmt/format.h>

#include <filesystem>

namespace selvage::app {

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

bool has_run_directory(const std::string& data) {
  std::error_code error;
  return std::filesystem::is_directory(data + "/run", error);
}

Error no_run_directory(const std::string& data) {
  return {ErrorCode::kSettings,
          fmt::format("no workflow has run with the data directory {}: say with --data where "
                      "'selvage up' keeps its own",
                      data)};
}

}  // namespace selvage::app
