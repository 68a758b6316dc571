// SPDX-License-Identifier: Apache-2.0
#pragma once
// Looking through text for the few bytes that need care, a block at a time: bodies are long and
// nearly all of their bytes need none.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace selvage {

template <size_t kBlock, typename IsSpecial>
bool any_special(const char* block, IsSpecial is_special) {
  uint8_t any = 0;
  for (size_t i = 0; i < kBlock; ++i)
    any |= static_cast<uint8_t>(is_special(static_cast<uint8_t>(block[i])));
  return any != 0;
}

// The first place from `at` on where `is_special(byte)`, else the text's end. If that has no
// branches ("|" instead of "||") the compiler looks at 16 bytes with one instruction.
template <typename IsSpecial>
size_t find_special(std::string_view text, size_t at, IsSpecial is_special) {
  const char* const bytes = text.data();
  while (at + 64 <= text.size() && !any_special<64>(bytes + at, is_special)) at += 64;
  while (at + 16 <= text.size() && !any_special<16>(bytes + at, is_special)) at += 16;
  while (at < text.size() && !is_special(static_cast<uint8_t>(bytes[at]))) ++at;
  return at < text.size() ? at : text.size();
}

}  // namespace selvage
