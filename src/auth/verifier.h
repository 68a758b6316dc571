// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who sent a request: verifies its AWS Signature Version 4, in the Authorization header or in the
// query (a presigned link). Pure but for a cache of derived keys; the time is an argument.

#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/keys.h"
#include "auth/sigv4.h"
#include "base/time.h"

namespace selvage::auth {

enum class SignatureFault {
  kMissingToken,   // no signature at all: the caller is anonymous
  kIncomplete,     // malformed, or parts are missing
  kExpired,        // made too long ago
  kNotYetCurrent,  // made in the future
  kWrongScope,     // for another day, region or service
  kUnknownKey,     // a key id that we do not have
  kMismatch,       // wrong secret, or something was changed on the way; or not enough was signed
};

struct SignatureProblem {
  SignatureFault fault;
  std::string sentence;  // what AWS says; may quote what the caller sent
};

struct Verified {
  std::shared_ptr<const Key> key;
  Instant signed_at;
  bool presigned = false;
};

// The key id that a request says it was signed with, in header or query; unchecked, empty when
// there is none. For where nobody has to sign.
std::string_view claimed_key_id(const HttpRequest& request);

// Keys that are not in the keyring, by their id; null when there is no such key.
using FindKey = std::function<std::shared_ptr<const Key>(std::string_view id)>;

// How far a caller's clock may be from ours.
inline constexpr Duration kClockSkew = std::chrono::minutes(15);
inline constexpr Duration kLongestPresigned = std::chrono::days(7);

// Thread-safe. Invariants:
// 1. What is verified was signed over method, path, query, body, host and every x-amz-* header.
// 2. The cache holds only keys whose signature was right at least once: nobody else can fill it.
class Verifier {
 public:
  struct Options {
    std::string service = "sqs";
    std::string region;  // empty: a signature for any region will do
  };
  Verifier(Keyring keyring, Options options);

  // Asks in AWS's order and tells the first that is wrong: form, what is signed, time, scope, key,
  // signature. x-amz-content-sha256, where sent, must be the hash of the body: UNSIGNED-PAYLOAD
  // (S3's) is refused. `more` is asked for a key that the keyring does not have; a key's secret
  // must never change.
  std::expected<Verified, SignatureProblem> verify(const HttpRequest& request, Instant now,
                                                   const FindKey& more = {}) const;

  const Keyring& keyring() const { return keyring_; }

 private:
  std::optional<std::string> cached(const std::string& name) const;
  void keep(const std::string& name, const std::string& signing_key) const;

  const Keyring keyring_;
  const Options options_;
  mutable std::mutex mutex_;
  // "key id/scope" -> derived key. Bounded; emptied when full (keys, regions and two days rarely
  // make that many).
  mutable std::unordered_map<std::string, std::string> derived_;
};

}  // namespace selvage::auth
