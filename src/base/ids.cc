// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include "base/bytes.h"

namespace selvage {

UuidText Uuid::text() const {
  UuidText text;
  char* to = text.characters.data();
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (at == 4 || at == 6 || at == 8 || at == 10) *to++ = '-';
    to = write_hex(to, bytes[at]);
  }
  return text;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  std::string hex;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash_here = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash_here != (text[i] == '-')) return std::nullopt;
    if (!dash_here) hex += text[i];
  }
  const auto raw = from_hex(hex);
  if (!raw) return std::nullopt;
  Uuid id;
  std::copy(raw->begin(), raw->end(), id.bytes.begin());
  return id;
}

Uuid Uuid::from_random(uint64_t high, uint64_t low) {
  Uuid id;
  for (int i = 0; i < 8; ++i) {
    id.bytes[i] = static_cast<uint8_t>(high >> (56 - 8 * i));
    id.bytes[8 + i] = static_cast<uint8_t>(low >> (56 - 8 * i));
  }
  id.bytes[6] = (id.bytes[6] & 0x0F) | 0x40;  // version 4, RFC 9562 section 5.4
  id.bytes[8] = (id.bytes[8] & 0x3F) | 0x80;  // variant, RFC 9562 section 4.1
  return id;
}

}  // namespace selvage
