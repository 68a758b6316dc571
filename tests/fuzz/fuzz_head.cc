// SPDX-License-Identifier: Apache-2.0
// Any bytes as requests on a connection. In whatever pieces they come, the same requests come out;
// and a request is the same again when written and read. The complaint that may follow is left
// alone: it waits for the rest of a head, and names the fault of several that is seen first. The
// first byte says how long the pieces are.
#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "http/parser.h"
#include "http/writer.h"
#include "tests/fuzz/text.h"

namespace {

using selvage::http::Header;
using selvage::http::ParserLimits;
using selvage::http::Request;
using selvage::http::RequestParser;

constexpr ParserLimits kSmall{.head_bytes = 512, .headers = 8, .body_bytes = 256};

std::vector<Request> read_all(std::string_view input, size_t piece, const ParserLimits& limits) {
  std::vector<Request> requests;
  RequestParser parser(limits);
  std::string waiting;
  while (true) {
    const auto used = parser.feed(waiting);
    if (!used) {
      SELVAGE_CHECK(used.error().status >= 400 && !used.error().sentence.empty());
      return requests;
    }
    SELVAGE_CHECK(*used <= waiting.size());
    waiting.erase(0, *used);
    if (parser.done()) {
      requests.push_back(parser.take());
    } else if (input.empty()) {
      return requests;
    } else {
      const size_t more = std::min(piece, input.size());
      waiting += input.substr(0, more);
      input.remove_prefix(more);
    }
  }
}

bool is_same(const Request& a, const Request& b) {
  return a.method == b.method && a.target == b.target && a.headers == b.headers && a.body == b.body;
}

void check_limits(const Request& request) {
  SELVAGE_CHECK(!request.method.empty());
  SELVAGE_CHECK(request.target.starts_with('/') || request.target == "*");
  SELVAGE_CHECK(request.headers.size() <= kSmall.headers + 1);  // and the target's authority
  SELVAGE_CHECK(request.body.size() <= kSmall.body_bytes);
  const auto is_bad = [](char c) { return selvage::fuzz::is_control(c) && c != '\t'; };
  SELVAGE_CHECK(std::ranges::none_of(request.target, is_bad));
  for (const auto& [name, value] : request.headers)
    SELVAGE_CHECK(!name.empty() && std::ranges::none_of(name + value, is_bad));
}

// Those that say how a message is framed are the writer's.
Request without_framing(Request request) {
  std::erase_if(request.headers, [](const Header& header) {
    return std::ranges::any_of(
        std::initializer_list<const char*>{"Content-Length", "Transfer-Encoding", "Host"},
        [&](const char* name) { return selvage::http::same_name(header.first, name); });
  });
  return request;
}

void check_round_trip(const Request& request) {
  const Request plain = without_framing(request);
  std::string text;
  append_request(text, plain, "host");
  const auto again = read_all(text, text.size(), ParserLimits{});
  SELVAGE_CHECK(again.size() == 1);
  SELVAGE_CHECK(is_same(without_framing(again.front()), plain));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input = selvage::fuzz::as_text(data, size).substr(1);
  const auto whole = read_all(input, input.size(), kSmall);
  const auto pieces = read_all(input, 1 + data[0] % 16, kSmall);
  SELVAGE_CHECK(std::ranges::equal(whole, pieces, is_same));
  for (const Request& request : whole) {
    check_limits(request);
    check_round_trip(request);
  }
  return 0;
}
