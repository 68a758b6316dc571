// SPDX-License-Identifier: Apache-2.0
#pragma once
// Messages to bytes: always with a Content-Length, never chunked. Control characters in a header,
// which would let a value pose as another header or message, are written as spaces.

#include <string>
#include <string_view>

#include "http/message.h"

namespace selvage::http {

struct ResponseFraming {
  bool close = false;      // announce that the connection ends with this answer
  bool head_only = false;  // answers a HEAD request: the length of a body, but no body
};

void append_response(std::string& out, const Response& response, ResponseFraming framing);

void append_continue(std::string& out);  // "send the body": 100, before the response proper

// Adds Host (unless the request brings one) and Content-Length.
void append_request(std::string& out, const Request& request, std::string_view authority);

}  // namespace selvage::http
