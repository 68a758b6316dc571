// SPDX-License-Identifier: Apache-2.0
#include "auth/arn.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "auth/text.h"

namespace selvage::auth {

bool fits_arn(std::string_view pattern, std::string_view arn) {
  constexpr size_t kParts = 6;
  const std::vector<std::string_view> wanted = split(pattern, ':', kParts);
  const std::vector<std::string_view> parts = split(arn, ':', kParts);
  if (pattern.empty() || parts.size() < wanted.size()) return false;
  for (size_t i = 0; i < wanted.size(); ++i)
    if (!fits(wanted[i], parts[i])) return false;
  return true;
}

bool is_account(std::string_view text) {
  constexpr size_t kDigits = 12;
  return text.size() == kDigits &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string user_arn(std::string_view account, std::string_view user) {
  return fmt::format("arn:aws:iam::{}:user/{}", account, user);
}

std::string root_arn(std::string_view account) {
  return fmt::format("arn:aws:iam::{}:root", account);
}

}  // namespace selvage::auth
