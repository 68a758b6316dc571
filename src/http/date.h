// SPDX-License-Identifier: Apache-2.0
#pragma once
// Times as HTTP writes them.

#include <string>

#include "base/time.h"

namespace selvage::http {

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7).
std::string http_date(Instant at);

}  // namespace selvage::http
