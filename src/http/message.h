// SPDX-License-Identifier: Apache-2.0
#pragma once
// HTTP/1.1 requests and responses as both sides of the house see them.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvage::http {

using Header = std::pair<std::string, std::string>;

struct Request {
  std::string method;  // "POST"
  std::string target;  // "/path?query"
  std::vector<Header> headers;
  std::string body;

  // The first header of that name (any case); empty when there is none.
  std::string_view header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type;
  std::vector<Header> headers;  // besides Content-Type, Content-Length, Connection
  std::string body;

  std::string_view header(std::string_view name) const;  // knows Content-Type too
};

// A sentence for a person, as text/plain.
Response plain_text(int status, std::string_view sentence);

// Header names are equal whatever their case.
bool same_name(std::string_view a, std::string_view b);

// The standard reason phrase ("OK"); "Unknown" for a status we never send.
std::string_view reason(int status);

}  // namespace selvage::http
