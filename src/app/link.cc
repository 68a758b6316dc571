// SPDX-License-Identifier: Apache-2.0
#include "app/link.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "app/credentials.h"
#include "app/failure.h"
#include "app/show.h"
#include "workflow/print.h"
#include "workflow/suggest.h"

namespace selvage::app {
namespace {

// How much longer than a long poll an answer may take.
constexpr Duration kPatience = std::chrono::seconds(30);

// With which the broker asks who we are.
constexpr std::string_view kUnknownCaller[] = {
    "InvalidClientTokenId",       "UnrecognizedClientException",
    "SignatureDoesNotMatch",      "InvalidSignatureException",
    "MissingAuthenticationToken", "MissingAuthenticationTokenException",
    "IncompleteSignature",        "IncompleteSignatureException",
};

bool is_unknown_caller(std::string_view refusal) {
  return std::ranges::find(kUnknownCaller, refusal) != std::end(kUnknownCaller);
}

// Of several queues, the first that is not among `names`.
std::string first_missing(const std::vector<std::string>& queues,
                          const std::vector<std::string_view>& names) {
  for (const std::string& queue : queues)
    if (std::ranges::find(names, queue_name(queue)) == names.end()) return queue;
  return queues.front();
}

}  // namespace

ExitCode complain(const Error& error) {
  std::fflush(stdout);
  fmt::print(stderr, "selvage: {}\n", error.message);
  return exit_code_of(error.code);
}

Result<std::unique_ptr<Link>> Link::open(const BrokerPlace& place, Duration longest_wait) {
  const auto endpoint = http::Endpoint::parse(place.broker);
  if (!endpoint) return std::unexpected(endpoint.error());
  return std::unique_ptr<Link>(new Link(*endpoint, {.credentials = find_credentials(place.data),
                                                    .deadline = longest_wait + kPatience}));
}

ExitCode Link::complain(const Error& error, const std::vector<std::string>& queues) {
  return app::complain(explain(error, queues));
}

Error Link::explain(const Error& error, const std::vector<std::string>& queues) {
  const std::string_view refusal = client::refusal_of(error);
  if (refusal.empty()) return explain_silence(error);
  if (refusal == "QueueDoesNotExist" && !queues.empty()) return {error.code, missing_queue(queues)};
  if (is_unknown_caller(refusal))
    return {error.code,
            fmt::format("the broker at {} does not know who is calling ({}); set AWS_ACCESS_KEY_ID "
                        "and AWS_SECRET_ACCESS_KEY to a key of its credentials file, or give its "
                        "data directory with --data",
                        authority_, refusal)};
  if (refusal.starts_with("AccessDenied"))
    return {error.code,
            fmt::format("this key may not do that: {}; what it may is in the broker's credentials "
                        "file",
                        error.message)};
  if (refusal.starts_with("UnknownOperation"))
    return {error.code,
            fmt::format("what answers at {} does not know this command: it is another version of "
                        "Selvage, or none",
                        authority_)};
  return {error.code, "the broker refused: " + error.message};
}

Error Link::explain_silence(const Error& error) const {
  if (error.code != ErrorCode::kRetry || error.message.starts_with("the broker")) return error;
  if (waited_ >= deadline_)
    return {
        error.code,
        fmt::format("the broker at {} gave no answer within {}; it may still do what was asked: "
                    "look before you try again",
                    authority_, workflow::print_duration(deadline_))};
  return {error.code,
          fmt::format("{}; start a broker with 'selvage serve' or 'selvage up FILE', or say where "
                      "it is with --broker HOST:PORT",
                      error.message)};
}

std::string Link::missing_queue(const std::vector<std::string>& queues) {
  const auto known = ask<std::vector<client::QueueStatistics>>(
      [](client::Client& c, auto done) { c.statistics(std::move(done)); });
  std::vector<std::string_view> names;
  if (!known && queues.size() > 1)
    return fmt::format("one of the queues {} does not exist", fmt::join(queues, ", "));
  if (known)
    for (const client::QueueStatistics& queue : *known) names.push_back(queue.name);
  const std::string missing = first_missing(queues, names);
  const std::string_view meant = workflow::closest(queue_name(missing), names);
  return fmt::format("queue '{0}' does not exist{1}; to create it: selvage queue create {0}",
                     missing, meant.empty() ? "" : fmt::format(" (did you mean '{}'?)", meant));
}

}  // namespace selvage::app
