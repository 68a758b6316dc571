// SPDX-License-Identifier: Apache-2.0
#pragma once
// AWS Signature Version 4, what both sides share: scope, derived key, signature; and the signing
// side for our own client. Verifying is in verifier.h, the canonical form in canonical_request.h.
//
//   secret --date--region--service--"aws4_request"--> signing key        (four HMACs)
//   signing key over { algorithm, time, scope, hash of canonical request } --> signature

#include <string>
#include <string_view>
#include <vector>

#include "auth/canonical_request.h"
#include "base/time.h"

namespace selvage::auth {

inline constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kTerminator = "aws4_request";

// What a derived key is good for.
struct Scope {
  std::string date;  // 20150830, UTC
  std::string region;
  std::string service;
  std::string text() const;  // 20150830/us-east-1/sqs/aws4_request
};

// 32 raw bytes.
std::string signing_key(std::string_view secret, const Scope& scope);
// Lower-case hex. `canonical`: the result of canonical_request.
std::string signature_of(std::string_view key, const Scope& scope, Instant at,
                         std::string_view canonical);

// Who signs, and for what.
struct Signer {
  std::string_view key_id;
  std::string_view secret;
  std::string_view region;
  std::string_view service;
  PathRule path_rule = PathRule::kNormalised;
  bool tell_content_hash = false;  // adds x-amz-content-sha256, which S3 wants
};

// The headers to add: X-Amz-Date, Authorization and, if asked for, x-amz-content-sha256. The
// request must have its Host and none of those three. Signs every header but those that proxies
// change.
std::vector<HeaderField> sign(const Signer& signer, const HttpRequest& request, Instant now);

// The target with the signature in its query: whoever has it may send this very request (with this
// body) until `lifetime` after `now`. Of the headers only Host and x-amz-* are signed.
std::string presign(const Signer& signer, const HttpRequest& request, Instant now,
                    Duration lifetime);

}  // namespace selvage::auth
