// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstring>

namespace selvage {
namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint64_t kSignBit = uint64_t{1} << 63;

constexpr uint8_t kNoHex = 0xFF;
constexpr std::array<uint8_t, 256> kHexValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(kNoHex);
  for (uint8_t value = 0; value < 16; ++value) {
    values["0123456789abcdef"[value]] = value;
    values["0123456789ABCDEF"[value]] = value;
  }
  return values;
}();

uint8_t hex_value(char c) {
  return kHexValues[static_cast<uint8_t>(c)];
}

int base64_value(char c) {
  const size_t at = kBase64.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

// To the order of the network, and back.
template <std::unsigned_integral Number>
Number big_endian(Number v) {
  return std::endian::native == std::endian::little ? std::byteswap(v) : v;
}

template <std::unsigned_integral Number>
void append_big_endian(std::string& out, Number v) {
  v = big_endian(v);
  char bytes[sizeof v];
  std::memcpy(bytes, &v, sizeof v);
  out.append(bytes, sizeof v);
}

}  // namespace

std::string to_hex(std::string_view raw) {
  std::string out(raw.size() * 2, '0');
  char* to = out.data();
  for (const char c : raw) to = write_hex(to, static_cast<uint8_t>(c));
  return out;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string out(hex.size() / 2, '\0');
  for (size_t i = 0; i < out.size(); ++i) {
    const uint8_t high = hex_value(hex[2 * i]);
    const uint8_t low = hex_value(hex[2 * i + 1]);
    if (high == kNoHex || low == kNoHex) return std::nullopt;
    out[i] = static_cast<char>(high << 4 | low);
  }
  return out;
}

std::string to_base64(std::string_view raw) {
  std::string out;
  out.reserve((raw.size() + 2) / 3 * 4);
  for (size_t i = 0; i < raw.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < raw.size() ? static_cast<uint8_t>(raw[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k)
      out += i + k > raw.size() ? '=' : kBase64[group >> (18 - 6 * k) & 0x3F];
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const int padding =
        !last ? 0 : (text[i + 3] == '=') + (text[i + 2] == '=' && text[i + 3] == '=');
    uint32_t group = 0;
    for (int k = 0; k < 4; ++k) {
      const int value = k >= 4 - padding ? 0 : base64_value(text[i + k]);
      if (value < 0) return std::nullopt;
      group = group << 6 | static_cast<uint32_t>(value);
    }
    for (int k = 0; k < 3 - padding; ++k) out += static_cast<char>(group >> (16 - 8 * k) & 0xFF);
  }
  return out;
}

Encoder& Encoder::u8(uint8_t v) {
  out_ += static_cast<char>(v);
  return *this;
}
Encoder& Encoder::u16(uint16_t v) {
  append_big_endian(out_, v);
  return *this;
}
Encoder& Encoder::u32(uint32_t v) {
  append_big_endian(out_, v);
  return *this;
}
Encoder& Encoder::u64(uint64_t v) {
  append_big_endian(out_, v);
  return *this;
}
Encoder& Encoder::i64(int64_t v) {
  return u64(static_cast<uint64_t>(v) ^ kSignBit);
}
Encoder& Encoder::raw(std::string_view bytes) {
  out_ += bytes;
  return *this;
}
Encoder& Encoder::text(std::string_view bytes) {
  u32(static_cast<uint32_t>(bytes.size()));
  return raw(bytes);
}

template <typename Number>
Number Decoder::number() {
  const std::string_view bytes = raw(sizeof(Number));
  if (bytes.empty()) return 0;
  std::array<char, sizeof(Number)> in_order;
  std::ranges::copy(bytes, in_order.begin());
  return big_endian(std::bit_cast<Number>(in_order));
}
uint8_t Decoder::u8() {
  return number<uint8_t>();
}
uint16_t Decoder::u16() {
  return number<uint16_t>();
}
uint32_t Decoder::u32() {
  return number<uint32_t>();
}
uint64_t Decoder::u64() {
  return number<uint64_t>();
}
int64_t Decoder::i64() {
  const uint64_t v = u64();
  return ok_ ? static_cast<int64_t>(v ^ kSignBit) : 0;
}

std::string_view Decoder::raw(size_t size) {
  if (size > in_.size()) {
    ok_ = false;
    in_ = {};
    return {};
  }
  const std::string_view bytes = in_.substr(0, size);
  in_.remove_prefix(size);
  return bytes;
}
std::string_view Decoder::text() {
  return raw(u32());
}

}  // namespace selvage
