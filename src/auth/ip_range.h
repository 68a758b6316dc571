// SPDX-License-Identifier: Apache-2.0
#pragma once
// Addresses and the ranges that policies name: 203.0.113.0/24, 2001:db8::/32, 10.1.2.3.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace selvage::auth {

class IpRange {
 public:
  // An address alone is a range of one. nullopt when `text` is neither, or the prefix is too long.
  static std::optional<IpRange> read(std::string_view text);

  // Whether `text` is an address of this range. An IPv4 address in IPv6's clothes
  // (::ffff:10.1.2.3), as a socket for both kinds shows it, is that IPv4 address.
  bool contains(std::string_view text) const;

 private:
  using Address = std::array<uint8_t, 16>;  // IPv4 as ::ffff:a.b.c.d
  static std::optional<Address> read_address(std::string_view text);
  static bool is_v4(const Address& address);

  Address first_{};
  int bits_ = 0;  // of the 128 that must be equal
};

}  // namespace selvage::auth
