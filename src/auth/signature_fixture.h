// SPDX-License-Identifier: Apache-2.0
#pragma once
// The verbs of the signature tests: a request that owns what it shows, and the key of AWS's
// examples.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "auth/sigv4.h"
#include "auth/text.h"
#include "auth/timestamp.h"
#include "auth/verifier.h"
#include "base/check.h"

namespace selvage::auth {

inline constexpr std::string_view kExampleId = "AKIDEXAMPLE";
inline constexpr std::string_view kExampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

struct OwnedRequest {
  std::string method = "POST";
  std::string target = "/";
  std::vector<HeaderField> headers = {{"Host", "localhost:9324"}};
  std::string body;

  HttpRequest view() const { return {method, target, headers, body}; }
  void add(const std::vector<HeaderField>& more) {
    headers.insert(headers.end(), more.begin(), more.end());
  }
  std::string& value(std::string_view name) {
    const auto found = std::ranges::find_if(headers, [name](const HeaderField& field) {
      return same_ignoring_case(field.first, name);
    });
    SELVAGE_CHECK(found != headers.end());
    return found->second;
  }
  void remove(std::string_view name) {
    std::erase_if(headers, [name](const HeaderField& field) {
      return same_ignoring_case(field.first, name);
    });
  }
};

inline Instant at(std::string_view basic_time) {
  return read_basic_time(basic_time).value();
}

inline Keyring example_keys() {
  return Keyring::make({{std::string(kExampleId), std::string(kExampleSecret), "ann", "", {}},
                        {"AKIDOTHER", "another secret", "bob", "", {}}})
      .value();
}

inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t found = text.find(from);
  SELVAGE_CHECK(found != std::string::npos);
  return text.replace(found, from.size(), to);
}

}  // namespace selvage::auth
