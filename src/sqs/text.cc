// SPDX-License-Identifier: Apache-2.0
#include "sqs/text.h"

#include <charconv>

namespace selvage::sqs {
namespace {

template <typename Number>
std::optional<Number> parse(std::string_view text, int base) {
  Number value = 0;
  const char* const begin = text.begin();
  const auto [end, error] = std::from_chars(begin, text.end(), value, base);
  if (error != std::errc() || end != text.end()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> whole_number(std::string_view text) {
  return parse<int64_t>(text, 10);
}

std::optional<uint64_t> hex_number(std::string_view text) {
  return parse<uint64_t>(text, 16);
}

}  // namespace selvage::sqs
