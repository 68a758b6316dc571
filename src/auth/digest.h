// SPDX-License-Identifier: Apache-2.0
#pragma once
// Digests as SQS and its signatures need them. The library behind them is named in digest.cc only.
// All are thread-safe: each thread has its own contexts.

#include <string>
#include <string_view>

namespace selvage::auth {

// Lower-case hex. A FIPS-only OpenSSL has no MD5: this then stops the process with that sentence,
// at the first call, which the broker makes at start.
std::string md5_hex(std::string_view bytes);
std::string md5(std::string_view bytes);  // 16 raw bytes

std::string sha256(std::string_view bytes);  // 32 raw bytes
std::string sha256_hex(std::string_view bytes);

// RFC 2104 with SHA-256: 32 raw bytes. A key of any length.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

// The time it takes depends on the lengths only, never on where the first difference is.
bool same_in_constant_time(std::string_view a, std::string_view b);

}  // namespace selvage::auth
