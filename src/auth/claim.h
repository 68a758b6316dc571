// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a request says about its own signature, before anything of it is believed. Inside of auth:
// start with verifier.h.

#include <expected>
#include <string>
#include <vector>

#include "auth/canonical_request.h"
#include "auth/verifier.h"

namespace selvage::auth {

struct Claim {
  std::string credential;  // key id/date/region/service/aws4_request, unchecked
  std::vector<std::string>
      signed_headers;  // lower-case, sorted; host and all x-amz-* are among them
  std::string signature;
  Instant signed_at;
  bool presigned = false;
  Duration lifetime = kClockSkew;  // from signed_at on
};

std::expected<Claim, SignatureProblem> read_claim(const HttpRequest& request);

std::unexpected<SignatureProblem> fault(SignatureFault fault, std::string sentence);
std::unexpected<SignatureProblem> mismatch();  // the sentence that gives nothing away

}  // namespace selvage::auth
