// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is well-formed UTF-8, for writers that must not pass on anything else.

#include <cstddef>
#include <string_view>

namespace selvage::wire {

// The bytes of the character that starts `text` (not empty), by table 3-7 of the Unicode standard:
// no overlong forms, no surrogates, nothing above U+10FFFF. 0 when it is not well formed.
size_t utf8_length(std::string_view text);

// Whether the whole of `text` is well formed.
bool is_utf8(std::string_view text);

}  // namespace selvage::wire
