// SPDX-License-Identifier: Apache-2.0
#include "wire/utf8.h"

#include <cstdint>

namespace selvage::wire {
namespace {

uint8_t byte_at(std::string_view text, size_t i) {
  return static_cast<uint8_t>(text[i]);
}

size_t length_by_lead(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;  // a continuation, or the start of an overlong form
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 0;
}

// The second byte's range is what excludes overlong forms, surrogates and too large code points.
bool second_fits(uint8_t lead, uint8_t second) {
  const uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

}  // namespace

size_t utf8_length(std::string_view text) {
  const uint8_t lead = byte_at(text, 0);
  const size_t length = length_by_lead(lead);
  if (length < 2 || text.size() < length) return length == 1 ? 1 : 0;
  if (!second_fits(lead, byte_at(text, 1))) return 0;
  for (size_t i = 2; i < length; ++i) {
    if ((byte_at(text, i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace selvage::wire
