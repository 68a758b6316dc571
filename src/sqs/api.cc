// SPDX-License-Identifier: Apache-2.0
#include "sqs/api.h"

#include <fmt/format.h>

#include <optional>

#include "auth/text.h"
#include "base/ids.h"
#include "sqs/actions.h"

namespace selvage::sqs {
namespace {

constexpr std::string_view kVersion = "2012-11-05";

UuidText new_request_id() {
  thread_local SystemRandom random;
  return Uuid::from_random(random.next(), random.next()).text();
}

std::string_view query_of(std::string_view target) {
  const size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

Dialect dialect_of(const http::Request& request, std::string_view target) {
  if (!target.empty()) return Dialect::kJson;
  const std::string accept = auth::to_lower(request.header("accept"));
  return accept.find("application/json") == std::string::npos ? Dialect::kXml : Dialect::kOldJson;
}

// What of a Query request says which action it is.
struct Wanted {
  std::string action;
  std::string version = std::string(kVersion);
};

// Reads the parameters of the URL, then those of the body: the latter count.
OrError<Wanted> read_query(const http::Request& request, wire::Form& form) {
  for (const std::string_view text : {query_of(request.target), std::string_view(request.body)})
    if (const auto read = form.read(text); !read)
      return refuse(kSerialization, read.error().message);
  Wanted wanted;
  Value(form.root()).object([&](std::string_view name, Value& value) {
    if (name == "Action") take(value, wanted.action);
    if (name == "Version") take(value, wanted.version);
    return true;
  });
  return wanted;
}

OrError<const NamedAction*> find_by_query(const Wanted& wanted) {
  if (wanted.version != kVersion)
    return refuse(kNoSuchVersion,
                  fmt::format("The requested version ( {} ) is not valid.", wanted.version));
  if (wanted.action.empty())
    return refuse(kMissingAction, "The request must contain the parameter Action.");
  const NamedAction* const found = find_by_name(wanted.action);
  if (found == nullptr)
    return refuse(kUnknownOperation,
                  fmt::format("The action {} is not valid for this endpoint.", wanted.action));
  return found;
}

OrError<const NamedAction*> find_action(Incoming& in, std::string_view target) {
  if (in.dialect != Dialect::kJson) {
    const auto wanted = read_query(*in.request, in.form);
    if (!wanted) return std::unexpected(wanted.error());
    return find_by_query(*wanted);
  }
  const bool may_be = in.request->method == "POST";
  const NamedAction* const found = may_be ? find_by_target(target) : nullptr;
  if (found == nullptr) return refuse(kUnknownOperation, "");  // the service has no words for it
  return found;
}

// What is answered to somebody who looks at the endpoint without asking it for anything.
std::optional<http::Response> answer_to_visitors(const http::Request& request,
                                                 std::string_view target) {
  if (request.method != "GET" || !target.empty()) return std::nullopt;
  if (request.target == "/")
    return http::plain_text(
        200, "This is the endpoint of Selvage, a queue server that speaks the Amazon SQS API.");
  return std::nullopt;
}

void start(const CallPtr& call, const OrError<const NamedAction*>& action) {
  SELVAGE_ANSWER_ERROR(call, action);
  const auto place = static_cast<size_t>(*action - all_actions().data());
  call->set_action((*action)->name, (*action)->granted, place);
  const auto identified = call->identify();
  SELVAGE_ANSWER_ERROR(call, identified);
  if ((*action)->about == About::kNoQueue) {
    const auto admitted = call->admit("");
    SELVAGE_ANSWER_ERROR(call, admitted);
  }
  (*action)->run(call);
}

}  // namespace

void Api::handle(const http::Request& request, std::shared_ptr<http::Connection> connection,
                 http::Responder responder) {
  const std::string_view target = request.header("x-amz-target");
  if (const auto answer = answer_to_visitors(request, target)) return responder.send(*answer);
  Incoming in{.request = &request,
              .connection = std::move(connection),
              .responder = std::move(responder),
              .request_id = new_request_id(),
              .host = std::string(request.header("host")),
              .dialect = dialect_of(request, target)};
  const auto action = find_action(in, target);
  const auto call = std::make_shared<Call>(world_, std::move(in));
  start(call, action);
  call->forget_request();
}

}  // namespace selvage::sqs
