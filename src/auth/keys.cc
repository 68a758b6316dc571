// SPDX-License-Identifier: Apache-2.0
#include "auth/keys.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "auth/text.h"

namespace selvage::auth {
namespace {

bool any_fits(const std::vector<std::string>& patterns, std::string_view text, Case letters) {
  return std::ranges::any_of(
      patterns, [&](const std::string& pattern) { return fits(pattern, text, letters); });
}

// An id travels between slashes and commas of a header.
bool is_key_id(std::string_view id) {
  return !id.empty() && std::ranges::all_of(id, [](char c) {
    const char letter = lower(c);
    return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

}  // namespace

bool allows(const Grant& grant, std::string_view action) {
  return any_fits(grant.actions, action, Case::kIgnored);
}

bool grants(const Key& key, std::string_view action, std::string_view queue) {
  return std::ranges::any_of(key.grants, [&](const Grant& grant) {
    return allows(grant, action) && any_fits(grant.queues, queue, Case::kMatters);
  });
}

Result<Keyring> Keyring::make(std::vector<Key> keys) {
  Keyring ring;
  for (Key& key : keys) {
    if (!is_key_id(key.id))
      return failure(
          ErrorCode::kSettings,
          fmt::format("the key id '{}' is not made of letters, digits, '-', '_' and '.'", key.id));
    if (key.secret.empty())
      return failure(ErrorCode::kSettings, fmt::format("the key '{}' has no secret", key.id));
    const std::string id = key.id;
    if (!ring.keys_.emplace(id, std::make_shared<const Key>(std::move(key))).second)
      return failure(ErrorCode::kSettings, fmt::format("the key '{}' is given twice", id));
  }
  return ring;
}

std::shared_ptr<const Key> Keyring::find(std::string_view id) const {
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : found->second;
}

}  // namespace selvage::auth
