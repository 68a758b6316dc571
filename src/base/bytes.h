// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes in and out of records. Integers are big-endian, so that encoded keys sort as their numbers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace selvage {

std::string to_hex(std::string_view raw);
// Two digits; returns what is behind them.
inline char* write_hex(char* to, uint8_t byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  to[0] = kDigits[byte >> 4];
  to[1] = kDigits[byte & 0x0F];
  return to + 2;
}
// Accepts both cases; nullopt when `hex` is not an even number of hex digits.
std::optional<std::string> from_hex(std::string_view hex);
std::string to_base64(std::string_view raw);  // RFC 4648, padded
std::optional<std::string> from_base64(std::string_view text);

// Appends to a buffer that the caller owns.
class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}
  Encoder& u8(uint8_t v);
  Encoder& u16(uint16_t v);
  Encoder& u32(uint32_t v);
  Encoder& u64(uint64_t v);
  Encoder& i64(int64_t v);                // sign bit flipped: sorts as a signed number
  Encoder& raw(std::string_view bytes);   // no length: the reader must know it
  Encoder& text(std::string_view bytes);  // u32 length, then the bytes

 private:
  std::string& out_;
};

// Reads what an Encoder wrote. Once a read runs past the end, ok() is false and every further read
// gives zero or empty: decode everything, then ask once.
class Decoder {
 public:
  explicit Decoder(std::string_view in) : in_(in) {}
  uint8_t u8();
  uint16_t u16();
  uint32_t u32();
  uint64_t u64();
  int64_t i64();
  std::string_view raw(size_t size);
  std::string_view text();
  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }

 private:
  template <typename Number>
  Number number();
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace selvage
