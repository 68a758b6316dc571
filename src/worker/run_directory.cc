// SPDX-License-Identifier: Apache-2.0
#include "worker/run_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

namespace selvage::worker {

bool RunDirectory::make() const {
  std::error_code error;
  std::filesystem::create_directories(workers(), error);
  return !error;
}

std::string RunDirectory::file(std::string_view worker, std::string_view suffix) const {
  return fmt::format("{}/{}{}", workers(), worker, suffix);
}

std::vector<int> RunDirectory::numbers_of(std::string_view stage) const {
  std::vector<int> numbers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(workers(), error)) {
    if (entry.path().extension() != ".lock") continue;
    const std::string name = entry.path().stem().string();
    if (const auto number = worker_number(name, stage)) numbers.push_back(*number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

std::string worker_name(std::string_view stage, int number) {
  return fmt::format("{}-{}", stage, number);
}

std::optional<int> worker_number(std::string_view name, std::string_view stage) {
  if (!name.starts_with(stage)) return std::nullopt;
  name.remove_prefix(stage.size());
  if (name.size() < 2 || name[0] != '-' || name[1] == '0') return std::nullopt;
  int number = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + 1, end, number);
  if (error != std::errc() || rest != end || number < 1) return std::nullopt;
  return number;
}

}  // namespace selvage::worker
