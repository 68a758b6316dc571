// SPDX-License-Identifier: Apache-2.0
#include "auth/claim.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "auth/text.h"
#include "auth/timestamp.h"

namespace selvage::auth {
namespace {

// More than any client signs, and few enough that nobody's list keeps us busy.
constexpr size_t kMostSignedHeaders = 128;

using Parameters = std::map<std::string, std::string, std::less<>>;

std::vector<std::string> read_names(std::string_view list) {
  std::vector<std::string> names;
  for (const std::string_view name : split(list, ';')) names.push_back(to_lower(trim(name)));
  std::ranges::sort(names);
  return names;
}

// Appends `sentence` when `parameters` has nothing of that name.
void require(const Parameters& parameters, std::string_view name, std::string_view sentence,
             std::string& missing) {
  if (parameters.contains(name)) return;
  if (!missing.empty()) missing += ' ';
  missing += fmt::format(fmt::runtime(sentence), name);
}

// Credential=..., SignedHeaders=..., Signature=... with or without spaces after the commas.
std::expected<Parameters, SignatureProblem> read_parameters(std::string_view authorization) {
  Parameters parameters;
  for (std::string_view piece : split(cut(authorization, ' ').second, ',')) {
    piece = trim(piece);
    if (piece.empty()) continue;
    if (piece.find('=') == std::string_view::npos)
      return fault(SignatureFault::kIncomplete,
                   fmt::format("'{}' not a valid key=value pair (missing equal-sign) in "
                               "Authorization header: '{}'.",
                               piece, authorization));
    const auto [name, value] = cut(piece, '=');
    if (!parameters.emplace(trim(name), trim(value)).second)
      return fault(SignatureFault::kIncomplete,
                   fmt::format("Authorization header has more than one '{}' parameter.", name));
  }
  return parameters;
}

std::expected<Instant, SignatureProblem> read_date(std::string_view text) {
  std::optional<Instant> at = read_basic_time(text);
  if (!at) at = read_http_date(text);
  if (!at)
    return fault(SignatureFault::kIncomplete,
                 fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See "
                             "http://en.wikipedia.org/wiki/ISO_8601",
                             text));
  return *at;
}

// The header that says when, of two that may. One that is there twice could be read in two ways.
std::optional<std::string_view> date_of(const HttpRequest& request) {
  for (const std::string_view name : {"x-amz-date", "date"})
    if (const auto value = request.header(name))
      return request.count(name) == 1 ? *value : std::string_view();
  return std::nullopt;
}

std::expected<Claim, SignatureProblem> read_header_claim(const HttpRequest& request) {
  const std::string_view authorization = *request.header("authorization");
  const std::string_view algorithm = cut(authorization, ' ').first;
  if (algorithm != kAlgorithm)
    return fault(SignatureFault::kIncomplete,
                 fmt::format("Unsupported AWS 'algorithm': '{}'.", algorithm));
  if (request.count("authorization") != 1)
    return fault(SignatureFault::kIncomplete,
                 "The request has more than one Authorization header.");
  const auto parameters = read_parameters(authorization);
  if (!parameters) return std::unexpected(parameters.error());

  std::string missing;
  for (const std::string_view name : {"Credential", "Signature", "SignedHeaders"})
    require(*parameters, name, "Authorization header requires '{}' parameter.", missing);
  const auto date = date_of(request);
  if (!date) {
    if (!missing.empty()) missing += ' ';
    missing +=
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
  }
  if (!missing.empty())
    return fault(SignatureFault::kIncomplete,
                 fmt::format("{} Authorization={}", missing, algorithm));

  const auto at = read_date(*date);
  if (!at) return std::unexpected(at.error());
  Claim claim;
  claim.credential = parameters->at("Credential");
  claim.signed_headers = read_names(parameters->at("SignedHeaders"));
  claim.signature = parameters->at("Signature");
  claim.signed_at = *at;
  return claim;
}

// X-Amz-Expires: AWS lets it be left out, and then the link lives as long as a header would.
std::expected<Duration, SignatureProblem> read_lifetime(const Parameters& parameters) {
  const auto found = parameters.find("X-Amz-Expires");
  if (found == parameters.end()) return kClockSkew;
  const std::string& text = found->second;
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr int64_t kMost =
      std::chrono::duration_cast<std::chrono::seconds>(kLongestPresigned).count();
  if (error != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > kMost)
    return fault(SignatureFault::kIncomplete,
                 fmt::format("X-Amz-Expires must be a number of seconds from 1 to {}. Got '{}'.",
                             kMost, text));
  return std::chrono::seconds(seconds);
}

std::expected<Parameters, SignatureProblem> read_link(const std::vector<HeaderField>& query) {
  Parameters parameters;
  for (const auto& [name, value] : query)
    if (name.starts_with("X-Amz-") && !parameters.emplace(name, value).second)
      return fault(SignatureFault::kIncomplete,
                   fmt::format("AWS query-string parameters must include '{}' only once. "
                               "Re-examine the query-string parameters.",
                               name));
  return parameters;
}

std::expected<Claim, SignatureProblem> read_link_claim(const std::vector<HeaderField>& query) {
  const auto parameters = read_link(query);
  if (!parameters) return std::unexpected(parameters.error());
  if (parameters->at("X-Amz-Algorithm") != kAlgorithm)
    return fault(SignatureFault::kIncomplete, fmt::format("Unsupported AWS 'algorithm': '{}'.",
                                                          parameters->at("X-Amz-Algorithm")));
  std::string missing;
  for (const std::string_view name :
       {"X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"})
    require(*parameters, name, "AWS query-string parameters must include '{}'.", missing);
  if (!missing.empty())
    return fault(SignatureFault::kIncomplete, missing + " Re-examine the query-string parameters.");

  const auto at = read_date(parameters->at("X-Amz-Date"));
  if (!at) return std::unexpected(at.error());
  const auto lifetime = read_lifetime(*parameters);
  if (!lifetime) return std::unexpected(lifetime.error());
  Claim claim;
  claim.credential = parameters->at("X-Amz-Credential");
  claim.signed_headers = read_names(parameters->at("X-Amz-SignedHeaders"));
  claim.signature = parameters->at("X-Amz-Signature");
  claim.signed_at = *at;
  claim.presigned = true;
  claim.lifetime = *lifetime;
  return claim;
}

std::unexpected<SignatureProblem> not_signed(std::string_view name) {
  return fault(SignatureFault::kMismatch,
               fmt::format("{} must be a 'SignedHeader' in the AWS Authorization.", name));
}

// Whoever holds a signed request may not send it elsewhere, nor add an x-amz-target that makes it
// another action, nor take another time for it.
std::expected<Claim, SignatureProblem> check_coverage(const HttpRequest& request, Claim claim) {
  if (claim.signed_headers.size() > kMostSignedHeaders)
    return fault(SignatureFault::kIncomplete,
                 fmt::format("SignedHeaders must not be more than {}.", kMostSignedHeaders));
  const auto is_signed = [&claim](const std::string& name) {
    return std::ranges::binary_search(claim.signed_headers, name);
  };
  if (!is_signed("host") || request.count("host") == 0) return not_signed("'Host' or ':authority'");
  for (const HeaderField& field : request.headers)
    if (const std::string name = to_lower(field.first);
        name.starts_with("x-amz-") && !is_signed(name))
      return not_signed(fmt::format("'{}'", name));
  return claim;
}

}  // namespace

std::unexpected<SignatureProblem> fault(SignatureFault fault, std::string sentence) {
  return std::unexpected(SignatureProblem{fault, std::move(sentence)});
}

std::unexpected<SignatureProblem> mismatch() {
  return fault(SignatureFault::kMismatch,
               "The request signature we calculated does not match the signature you provided. "
               "Check your AWS Secret Access Key and signing method. Consult the service "
               "documentation for details.");
}

std::expected<Claim, SignatureProblem> read_claim(const HttpRequest& request) {
  const bool has_header = request.count("authorization") != 0;
  const std::vector<HeaderField> query = read_query(request.query());
  const bool has_link = std::ranges::any_of(
      query, [](const HeaderField& field) { return field.first == "X-Amz-Algorithm"; });
  if (has_header && has_link) return mismatch();  // two identities: which one is meant?
  if (!has_header && !has_link)
    return fault(SignatureFault::kMissingToken, "Request is missing Authentication Token");
  auto claim = has_header ? read_header_claim(request) : read_link_claim(query);
  if (!claim) return claim;
  return check_coverage(request, std::move(*claim));
}

}  // namespace selvage::auth
