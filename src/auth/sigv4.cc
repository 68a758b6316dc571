// SPDX-License-Identifier: Apache-2.0
#include "auth/sigv4.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "auth/digest.h"
#include "auth/text.h"
#include "auth/timestamp.h"
#include "base/bytes.h"
#include "base/check.h"

namespace selvage::auth {
namespace {

constexpr size_t kDateSize = 8;  // of 20150830T123600Z

// What a proxy or an HTTP library may add or change on the way; no SDK signs these.
bool changes_on_the_way(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kNames = {"authorization",
                                                              "cache-control",
                                                              "connection",
                                                              "expect",
                                                              "keep-alive",
                                                              "pragma",
                                                              "te",
                                                              "trailer",
                                                              "upgrade",
                                                              "user-agent",
                                                              "x-amzn-trace-id",
                                                              "transfer-encoding"};
  return std::ranges::find(kNames, name) != kNames.end();
}

bool belongs_into_a_link(std::string_view name) {
  return name == "host" || name.starts_with("x-amz-");
}

std::vector<std::string> signed_names(const std::vector<HeaderField>& headers,
                                      bool wanted(std::string_view lower_name)) {
  std::vector<std::string> names;
  for (const HeaderField& field : headers)
    if (std::string name = to_lower(field.first); wanted(name)) names.push_back(std::move(name));
  std::ranges::sort(names);
  const auto twice = std::ranges::unique(names);
  names.erase(twice.begin(), twice.end());
  SELVAGE_CHECK(std::ranges::binary_search(names, std::string("host")));
  return names;
}

Scope scope_of(const Signer& signer, std::string_view time) {
  return {std::string(time.substr(0, kDateSize)), std::string(signer.region),
          std::string(signer.service)};
}

}  // namespace

std::string Scope::text() const {
  return fmt::format("{}/{}/{}/{}", date, region, service, kTerminator);
}

std::string signing_key(std::string_view secret, const Scope& scope) {
  std::string key = fmt::format("AWS4{}", secret);
  for (const std::string_view step : {std::string_view(scope.date), std::string_view(scope.region),
                                      std::string_view(scope.service), kTerminator})
    key = hmac_sha256(key, step);
  return key;
}

std::string signature_of(std::string_view key, const Scope& scope, Instant at,
                         std::string_view canonical) {
  const std::string text = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, to_basic_time(at),
                                       scope.text(), sha256_hex(canonical));
  return to_hex(hmac_sha256(key, text));
}

std::vector<HeaderField> sign(const Signer& signer, const HttpRequest& request, Instant now) {
  const std::string time = to_basic_time(now);
  const Scope scope = scope_of(signer, time);
  const std::string payload_hash = sha256_hex(request.body);
  std::vector<HeaderField> added = {{"X-Amz-Date", time}};
  if (signer.tell_content_hash) added.emplace_back("x-amz-content-sha256", payload_hash);

  std::vector<HeaderField> headers(request.headers.begin(), request.headers.end());
  headers.insert(headers.end(), added.begin(), added.end());
  const std::vector<std::string> names =
      signed_names(headers, [](std::string_view name) { return !changes_on_the_way(name); });
  HttpRequest complete = request;
  complete.headers = headers;

  const std::string signature =
      signature_of(signing_key(signer.secret, scope), scope, now,
                   canonical_request(complete, names, payload_hash, signer.path_rule));
  added.emplace_back("Authorization",
                     fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                                 signer.key_id, scope.text(), fmt::join(names, ";"), signature));
  return added;
}

std::string presign(const Signer& signer, const HttpRequest& request, Instant now,
                    Duration lifetime) {
  const std::string time = to_basic_time(now);
  const Scope scope = scope_of(signer, time);
  const std::vector<std::string> names =
      signed_names({request.headers.begin(), request.headers.end()}, belongs_into_a_link);
  const std::string target = fmt::format(
      "{}{}X-Amz-Algorithm={}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}"
      "&X-Amz-SignedHeaders={}",
      request.target, request.target.find('?') == std::string_view::npos ? '?' : '&', kAlgorithm,
      percent_encode(fmt::format("{}/{}", signer.key_id, scope.text())), time,
      std::chrono::floor<std::chrono::seconds>(lifetime).count(),
      percent_encode(fmt::format("{}", fmt::join(names, ";"))));
  HttpRequest complete = request;
  complete.target = target;
  const std::string signature =
      signature_of(signing_key(signer.secret, scope), scope, now,
                   canonical_request(complete, names, sha256_hex(request.body), signer.path_rule));
  return target + "&X-Amz-Signature=" + signature;
}

}  // namespace selvage::auth
