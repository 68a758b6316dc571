// SPDX-License-Identifier: Apache-2.0
#pragma once
// Digests as SQS needs them. The library behind them is named in digest.cc only.

#include <string>
#include <string_view>

namespace selvage::auth {

// Lower-case hex. A FIPS-only OpenSSL has no MD5: this then stops the process with that sentence,
// at the first call, which the broker makes at start.
std::string md5_hex(std::string_view bytes);

}  // namespace selvage::auth
