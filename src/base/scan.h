// SPDX-License-Identifier: Apache-2.0
#pragma once
// Looking through text for the few bytes that need care, eight at a time: bodies are long and
// nearly all of their bytes need none.

#include <cstdint>
#include <cstring>
#include <string_view>

namespace selvage {

// Eight bytes of a text. Each question is whether any of them is so.
class EightBytes {
 public:
  explicit EightBytes(const char* at) { std::memcpy(&word_, at, sizeof word_); }
  // Below `limit`, which is at most 128.
  bool any_below(uint8_t limit) const { return ((word_ - limit * kOnes) & ~word_ & kHighs) != 0; }
  bool any_equal(uint8_t byte) const {
    const uint64_t differences = word_ ^ (byte * kOnes);
    return ((differences - kOnes) & ~differences & kHighs) != 0;
  }
  bool any_above_127() const { return (word_ & kHighs) != 0; }

 private:
  static constexpr uint64_t kOnes = 0x0101010101010101;
  static constexpr uint64_t kHighs = kOnes * 0x80;
  uint64_t word_ = 0;
};

// The first place from `at` on where `is_special(byte)`, else the text's end. `any_special` says of
// eight bytes whether one of them is.
template <typename AnySpecial, typename IsSpecial>
size_t find_special(std::string_view text, size_t at, AnySpecial any_special,
                    IsSpecial is_special) {
  while (at < text.size()) {
    if (at + 8 <= text.size() && !any_special(EightBytes(text.data() + at))) {
      at += 8;
      continue;
    }
    const size_t end = at + 8 < text.size() ? at + 8 : text.size();
    for (; at < end; ++at)
      if (is_special(static_cast<uint8_t>(text[at]))) return at;
  }
  return text.size();
}

}  // namespace selvage
