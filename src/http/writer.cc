// SPDX-License-Identifier: Apache-2.0
#include "http/writer.h"

#include <fmt/format.h>

#include "base/scan.h"

namespace selvage::http {
namespace {

void append_clean(std::string& out, std::string_view text) {
  const auto is_special = [](uint8_t c) { return ((c < 0x20) & (c != '\t')) | (c == 0x7f); };
  const size_t start = out.size();
  out += text;
  for (size_t at = find_special(text, 0, is_special); at < text.size();
       at = find_special(text, at + 1, is_special))
    out[start + at] = ' ';
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  append_clean(out, name);
  out += ": ";
  append_clean(out, value);
  out += "\r\n";
}

void append_length(std::string& out, size_t length) {
  const fmt::format_int digits(length);
  out.append("Content-Length: ").append(digits.data(), digits.size()).append("\r\n");
}

// RFC 9110, 15.3.5 and 15.4.5: these end with their head.
bool never_has_body(int status) {
  return status == 204 || status == 304;
}

}  // namespace

void append_response(std::string& out, const Response& response, ResponseFraming framing) {
  const fmt::format_int status(response.status);
  out.append("HTTP/1.1 ").append(status.data(), status.size()).append(" ");
  out.append(reason(response.status)).append("\r\n");
  if (!response.content_type.empty()) append_header(out, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) append_header(out, name, value);
  const bool bodiless = never_has_body(response.status);
  if (!bodiless) append_length(out, response.body.size());
  if (framing.close) out += "Connection: close\r\n";
  out += "\r\n";
  if (!bodiless && !framing.head_only) out += response.body;
}

void append_continue(std::string& out) {
  out += "HTTP/1.1 100 Continue\r\n\r\n";
}

void append_request(std::string& out, const Request& request, std::string_view authority) {
  append_clean(out, request.method);
  out += ' ';
  append_clean(out, request.target);
  out += " HTTP/1.1\r\n";
  if (request.header("host").empty()) append_header(out, "Host", authority);
  for (const auto& [name, value] : request.headers) {
    if (!same_name(name, "content-length")) append_header(out, name, value);
  }
  append_length(out, request.body.size());
  out += "\r\n";
  out += request.body;
}

}  // namespace selvage::http
