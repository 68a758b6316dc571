// SPDX-License-Identifier: Apache-2.0
#include "auth/verifier.h"

#include <fmt/core.h>

#include <utility>
#include <vector>

#include "auth/claim.h"
#include "auth/digest.h"
#include "auth/text.h"
#include "auth/timestamp.h"

namespace selvage::auth {
namespace {

constexpr size_t kMostDerived = 4'096;  // about 1 MB
constexpr size_t kCredentialParts = 5;
constexpr size_t kDigestSize = 32;

using Refusal = std::optional<SignatureProblem>;

std::string in_words(Duration d) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(d).count();
  return seconds % 60 == 0 ? fmt::format("{} min", seconds / 60) : fmt::format("{} sec", seconds);
}

// In whole seconds, as signatures are.
Refusal check_time(const Claim& claim, Instant precisely_now) {
  const Instant now = std::chrono::floor<std::chrono::seconds>(precisely_now);
  const std::string at = to_basic_time(claim.signed_at);
  const std::string here = to_basic_time(now);
  if (now > claim.signed_at + claim.lifetime)
    return SignatureProblem{
        SignatureFault::kExpired,
        fmt::format("Signature expired: {} is now earlier than {} ({} - {}.)", at,
                    to_basic_time(now - claim.lifetime), here, in_words(claim.lifetime))};
  if (claim.signed_at > now + kClockSkew)
    return SignatureProblem{
        SignatureFault::kNotYetCurrent,
        fmt::format("Signature not yet current: {} is still later than {} ({} + {}.)", at,
                    to_basic_time(now + kClockSkew), here, in_words(kClockSkew))};
  return std::nullopt;
}

// `parts`: key id, date, region, service, terminator. Everything that is wrong is said at once.
Refusal check_scope(const std::vector<std::string_view>& parts, const Verifier::Options& options,
                    Instant signed_at) {
  std::string wrong;
  const auto complain = [&wrong](const std::string& sentence) {
    wrong.append(wrong.empty() ? "" : " ").append(sentence);
  };
  if (!options.region.empty() && parts[2] != options.region)
    complain(fmt::format("Credential should be scoped to a valid region, not '{}'.", parts[2]));
  if (parts[3] != options.service)
    complain(fmt::format("Credential should be scoped to correct service: '{}'.", options.service));
  if (parts[4] != kTerminator)
    complain(fmt::format("Credential should be scoped with a valid terminator: '{}', not '{}'.",
                         kTerminator, parts[4]));
  const std::string time = to_basic_time(signed_at);
  if (const std::string_view day = std::string_view(time).substr(0, 8); parts[1] != day)
    complain(
        fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
                    "of date from HTTP: '{}' != '{}', from '{}'.",
                    parts[1], day, time));
  if (wrong.empty()) return std::nullopt;
  return SignatureProblem{SignatureFault::kWrongScope, wrong};
}

// What follows the first `mark` of `text`, up to the slash.
std::string_view credential_after(std::string_view text, std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + mark.size());
  return text.substr(0, text.find_first_of("/%,&"));
}

}  // namespace

std::string_view claimed_key_id(const HttpRequest& request) {
  if (const auto header = request.header("authorization"))
    return credential_after(*header, "Credential=");
  return credential_after(request.query(), "X-Amz-Credential=");
}

Verifier::Verifier(Keyring keyring, Options options)
    : keyring_(std::move(keyring)), options_(std::move(options)) {}

std::expected<Verified, SignatureProblem> Verifier::verify(const HttpRequest& request, Instant now,
                                                           const FindKey& more) const {
  const auto claim = read_claim(request);
  if (!claim) return std::unexpected(claim.error());
  if (auto refusal = check_time(*claim, now)) return std::unexpected(std::move(*refusal));
  const std::vector<std::string_view> parts = split(claim->credential, '/');
  if (parts.size() != kCredentialParts)
    return fault(SignatureFault::kIncomplete,
                 fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                             "keyid/date/region/service/term, got '{}'",
                             claim->credential));
  if (auto refusal = check_scope(parts, options_, claim->signed_at))
    return std::unexpected(std::move(*refusal));

  // An unknown id costs what a known one in use costs: its signature is computed all the same, with
  // a key that nobody has.
  std::shared_ptr<const Key> key = keyring_.find(parts[0]);
  if (key == nullptr && more) key = more(parts[0]);
  const Scope scope{std::string(parts[1]), std::string(parts[2]), std::string(parts[3])};
  const std::string name = fmt::format("{}/{}", parts[0], scope.text());
  const std::optional<std::string> known = cached(name);
  const std::string derived = known ? *known
                              : key ? signing_key(key->secret, scope)
                                    : std::string(kDigestSize, '\0');
  const std::string payload_hash = sha256_hex(request.body);
  const std::string expected =
      signature_of(derived, scope, claim->signed_at,
                   canonical_request(request, claim->signed_headers, payload_hash));
  const bool same = same_in_constant_time(expected, claim->signature);
  if (!key)
    return fault(SignatureFault::kUnknownKey,
                 "The security token included in the request is invalid.");
  const auto told = request.header("x-amz-content-sha256");
  if (!same || (told && *told != payload_hash)) return mismatch();
  if (!known) keep(name, derived);
  return Verified{key, claim->signed_at, claim->presigned};
}

std::optional<std::string> Verifier::cached(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = derived_.find(name);
  if (found == derived_.end()) return std::nullopt;
  return found->second;
}

void Verifier::keep(const std::string& name, const std::string& signing_key) const {
  const std::scoped_lock lock(mutex_);
  if (derived_.size() >= kMostDerived) derived_.clear();
  derived_.emplace(name, signing_key);
}

}  // namespace selvage::auth
