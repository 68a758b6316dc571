// SPDX-License-Identifier: Apache-2.0
#pragma once
// What requests and attributes spell out: numbers, and the characters of names.

#include <cctype>
#include <cstdint>
#include <optional>
#include <string_view>

namespace selvage::sqs {

// nullopt unless the whole text is one that fits.
std::optional<int64_t> whole_number(std::string_view text);
std::optional<uint64_t> hex_number(std::string_view text);

// Letters, digits, hyphen and underscore: what queues, labels and batch ids are named with.
inline bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

}  // namespace selvage::sqs
