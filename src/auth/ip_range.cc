// SPDX-License-Identifier: Apache-2.0
#include "auth/ip_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "auth/text.h"

namespace selvage::auth {
namespace {

constexpr int kBits = 128;
constexpr int kV4Offset = 96;  // bits before an IPv4 address within an IPv6 one
constexpr std::array<uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<IpRange::Address> IpRange::read_address(std::string_view text) {
  const std::string terminated(text);
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  Address address{};
  if (inet_pton(AF_INET6, terminated.c_str(), address.data()) == 1) return address;
  std::ranges::copy(kV4Prefix, address.begin());
  if (inet_pton(AF_INET, terminated.c_str(), &address[kV4Prefix.size()]) == 1) return address;
  return std::nullopt;
}

bool IpRange::is_v4(const Address& address) {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), address.begin());
}

std::optional<IpRange> IpRange::read(std::string_view text) {
  const bool has_prefix = text.find('/') != std::string_view::npos;
  const auto [address_text, bits_text] = cut(text, '/');
  const std::optional<Address> address = read_address(address_text);
  if (!address) return std::nullopt;
  IpRange range;
  range.first_ = *address;
  range.bits_ = kBits;
  if (!has_prefix) return range;

  const int before =
      is_v4(*address) && address_text.find(':') == std::string_view::npos ? kV4Offset : 0;
  int bits = 0;
  const char* const begin = bits_text.begin();
  const char* const end = bits_text.end();
  const auto [stopped, error] = std::from_chars(begin, end, bits);
  if (error != std::errc() || stopped != end || bits < 0 || bits > kBits - before)
    return std::nullopt;
  range.bits_ = before + bits;
  return range;
}

bool IpRange::contains(std::string_view text) const {
  const std::optional<Address> address = read_address(text);
  if (!address) return false;
  const auto whole = size_t(bits_ / 8);
  if (!std::equal(first_.begin(), first_.begin() + whole, address->begin())) return false;
  const int rest = bits_ % 8;
  return rest == 0 || ((first_[whole] ^ (*address)[whole]) >> (8 - rest)) == 0;
}

}  // namespace selvage::auth
