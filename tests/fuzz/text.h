// SPDX-License-Identifier: Apache-2.0
#pragma once
// Requests as texts that people can write into a corpus and that a mutation does not easily break:
// no carriage returns and no length to keep right.
//
//   POST /000000000000/orders
//   X-Amz-Target: AmazonSQS.SendMessage
//
//   {"QueueUrl":"orders","MessageBody":"hello"}

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace selvage::fuzz {

inline std::string_view as_text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Cuts `text` at the first `end`, which belongs to neither part.
inline std::string_view take_until(std::string_view& text, std::string_view end) {
  const size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + end.size());
  return part;
}

inline bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// What the parser of http lets nobody send is left out: of a value...
inline std::string sendable(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::string kept(text);
  std::erase_if(kept, is_control);
  while (kept.ends_with(' ')) kept.pop_back();
  return kept;
}

// ...of a target...
inline std::string without_spaces(std::string_view text) {
  std::string kept = sendable(text);
  std::erase(kept, ' ');
  return kept;
}

// ...and of a method or the name of a header (RFC 9110, 5.6.2).
inline std::string token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  std::string kept(text);
  std::erase_if(kept, [&](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (std::isalnum(byte) == 0 && !kMarks.contains(c));
  });
  return kept;
}

inline http::Request read_request(std::string_view text) {
  http::Request request;
  std::string_view head = take_until(text, "\n\n");
  request.body = text;
  std::string_view line = take_until(head, "\n");
  request.method = token(take_until(line, " "));
  request.target = without_spaces(line);
  if (!request.target.starts_with('/')) request.target.insert(0, "/");
  while (!head.empty()) {
    std::string_view value = take_until(head, "\n");
    const std::string name = token(take_until(value, ":"));
    if (!name.empty()) request.headers.emplace_back(name, sendable(value));
  }
  return request;
}

}  // namespace selvage::fuzz
