// SPDX-License-Identifier: Apache-2.0
#include "app/consent.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

namespace selvage::app {

Result<void> ask_consent(const std::string& what) {
  if (isatty(STDIN_FILENO) == 0)
    return failure(
        ErrorCode::kSettings,
        fmt::format("this would {}, and nobody is there to ask; to do it, add --yes", what));
  fmt::print(stderr, "{}? [y/N] ", what);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return failure(ErrorCode::kGiveUp, "nothing was done");
}

}  // namespace selvage::app
