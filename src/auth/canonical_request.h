// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one form of a request that both sides of a signature compute (AWS Signature Version 4, task
// 1). Two requests with the same form mean the same to us; that is what makes the signature safe,
// and why signing and verifying share this file. Any bytes are welcome.
//
//   POST                                    the method
//   /123456789012/orders                    path:  canonical_path
//   Action=ListQueues&Prefix=a%20b          query: canonical_query
//   content-type:application/json           one line per signed header, by name
//   host:localhost:9324
//                                           (an empty line)
//   content-type;host                       their names
//   e3b0c44298fc1c149afbf4c8996fb924...     SHA-256 of the body

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace selvage::auth {

using HeaderField = std::pair<std::string, std::string>;

// A request as it came, or as it will go, over the wire. Views: the caller owns what they show.
struct HttpRequest {
  std::string_view method;  // "POST"
  std::string_view target;  // "/path?query", escapes as on the wire
  std::span<const HeaderField> headers;
  std::string_view body;

  std::string_view path() const;
  std::string_view query() const;  // without the question mark
  size_t count(std::string_view name) const;
  // The first header of that name (any case), trimmed; nullopt when there is none.
  std::optional<std::string_view> header(std::string_view name) const;
};

enum class PathRule {
  kNormalised,  // every service but S3: dots and doubled slashes removed, escapes escaped again
  kVerbatim,    // S3: each octet escaped once, nothing removed: a key may be called ".."
};

std::string canonical_path(std::string_view path, PathRule rule);

// Names and values decoded and strictly encoded again, sorted by name, then value. A "+" is a
// space, because that is what it means to whoever reads the form: otherwise "+" and "%2B" could be
// exchanged under one signature. A "%" that is no escape means itself. X-Amz-Signature is left out.
std::string canonical_query(std::string_view query);

// The decoded names and values of a query or form, in the order of the text.
std::vector<HeaderField> read_query(std::string_view query);

// RFC 3986: every octet but letters, digits and "-._~" becomes %XX.
std::string percent_encode(std::string_view text);

// `signed_headers`: lower-case and sorted. One that the request does not have counts as empty.
std::string canonical_request(const HttpRequest& request,
                              std::span<const std::string> signed_headers,
                              std::string_view payload_hash, PathRule rule = PathRule::kNormalised);

}  // namespace selvage::auth
