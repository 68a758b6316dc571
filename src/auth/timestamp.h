// SPDX-License-Identifier: Apache-2.0
#pragma once
// Points in time as requests and policies write them. Each reader takes any bytes and gives nullopt
// for what is not exactly its form; years 1970 to 9999.

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace selvage::auth {

// ISO 8601's basic form, as signatures have it: 20150830T123600Z.
std::optional<Instant> read_basic_time(std::string_view text);
std::string to_basic_time(Instant t);  // whole seconds

// The Date header (RFC 9110, IMF-fixdate): Sun, 30 Aug 2015 12:36:00 GMT. The zone may also be
// written "-0000", "+0000" or "UTC"; the name of the day is not held against the date.
std::optional<Instant> read_http_date(std::string_view text);

// ISO 8601's extended form, as policies have it: 2015-08-30, 2015-08-30T12:36Z,
// 2015-08-30T12:36:00.5Z, 2015-08-30T12:36:00+02:00. Without a zone it is UTC.
std::optional<Instant> read_iso_time(std::string_view text);
std::string to_iso_time(Instant t);  // 2015-08-30T12:36:00Z

}  // namespace selvage::auth
