// SPDX-License-Identifier: Apache-2.0
#include "sqs/guard.h"

#include <fmt/format.h>

#include "auth/arn.h"
#include "auth/text.h"
#include "sqs/policy_document.h"

namespace selvage::sqs {
namespace {

const ErrorKind& kind_of(auth::SignatureFault fault) {
  using enum auth::SignatureFault;
  switch (fault) {
    case kMissingToken:
      return kMissingAuthenticationToken;
    case kIncomplete:
      return kIncompleteSignature;
    case kUnknownKey:
      return kInvalidClientTokenId;
    case kExpired:
    case kNotYetCurrent:
    case kWrongScope:
    case kMismatch:
      return kSignatureDoesNotMatch;
  }
  return kSignatureDoesNotMatch;
}

// SendMessageBatch asks for sqs:SendMessage.
std::string_view single_action(std::string_view action) {
  constexpr std::string_view kBatch = "Batch";
  if (action.ends_with(kBatch)) action.remove_suffix(kBatch.size());
  return action;
}

// For a policy that cannot be read, though it was when it was set: nobody knows what it forbids.
auth::Policy deny_all() {
  auth::Statement statement;
  statement.effect = auth::Effect::kDeny;
  statement.principals.values = statement.actions.values = statement.resources.values = {"*"};
  return {.id = {}, .statements = {std::move(statement)}};
}

}  // namespace

bool Guard::is_open_to(const http::Request& request) const {
  if (has_keys_) return false;
  if (session_keys_ == nullptr) return true;
  return !SessionKeys::session_of(
      auth::claimed_key_id({request.method, request.target, request.headers, request.body}));
}

OrError<Caller> Guard::identify(const http::Request& request, const http::Connection& connection,
                                Instant now) const {
  const auth::HttpRequest asked{request.method, request.target, request.headers, request.body};
  const std::shared_ptr<const auth::Verifier> verifier = has_keys_ ? verifier_.load() : nullptr;
  if (verifier == nullptr) {
    const auto id = session_keys_ == nullptr ? std::string_view() : auth::claimed_key_id(asked);
    return in_session(Caller{.key = nullptr, .context = {}, .unchecked = true}, id, now);
  }
  Caller caller;
  caller.context = auth::context_of({.now = now,
                                     .source_ip = connection.peer(),
                                     .tls = connection.secure(),
                                     .user_agent = std::string(request.header("user-agent"))});
  const auto verified =
      verifier->verify(asked, now, [this](std::string_view id) { return find_session_key(id); });
  if (!verified && verified.error().fault == auth::SignatureFault::kUnknownKey)
    if (auto early = in_session({}, auth::claimed_key_id(asked), now); !early) return early;
  if (!verified && verified.error().fault != auth::SignatureFault::kMissingToken)
    return refuse(kind_of(verified.error().fault), verified.error().sentence);
  if (!verified) return caller;
  caller.key = verified->key;
  return in_session(std::move(caller), verified->key->id, now);
}

std::shared_ptr<const auth::Key> Guard::find_session_key(std::string_view id) const {
  const auto session = session_keys_ == nullptr ? nullptr : session_keys_->find(id);
  return session == nullptr ? nullptr : session->key;
}

OrError<Caller> Guard::in_session(Caller caller, std::string_view key_id, Instant now) const {
  if (session_keys_ == nullptr || !SessionKeys::session_of(key_id)) return caller;
  caller.session = session_keys_->find(key_id);
  if (caller.session != nullptr) return caller;
  if (session_keys_->may_return(key_id, now))
    return refuse(kServiceUnavailable,
                  "The server was started a moment ago, and the session of this key has not come "
                  "back yet: try again.");
  return refuse(kInvalidClientTokenId,
                "The security token included in the request is invalid: its session has ended.");
}

OrError<void> Guard::admit(const Caller& caller, std::string_view action,
                           const std::string& queue) const {
  if (caller.unchecked) return {};
  const auth::Access access{.action = std::string(single_action(action)),
                            .queue = queue,
                            .account = identity_.account,
                            .arn = identity_.arn(queue),
                            .context = caller.context};
  const auto policy = queue.empty() ? nullptr : policy_of(queue);
  if (auth::may(caller.key.get(), access, policy.get())) return {};
  if (caller.key == nullptr)
    return refuse(kMissingAuthenticationToken, "Request is missing Authentication Token");
  const std::string& account = caller.key->account;
  const std::string asked = auth::to_lower(auth::policy_action(access.action));
  return refuse(
      kAccessDenied,
      fmt::format("User: {} is not authorized to perform: {} on "
                  "resource: {} because no identity-based policy allows the {} action",
                  auth::user_arn(account.empty() ? identity_.account : account, caller.key->user()),
                  asked, access.arn, asked));
}

std::shared_ptr<const auth::Policy> Guard::policy_of(const std::string& queue) const {
  const auto texts = backend_.policies();
  if (texts == nullptr || texts->empty()) return nullptr;
  const std::scoped_lock lock(mutex_);
  if (parsed_.texts != texts) parsed_ = {texts, {}};
  const auto text = texts->find(queue);
  if (text == texts->end()) return nullptr;
  auto& policy = parsed_.policies[queue];
  if (policy == nullptr) {
    auto parsed = parse_policy(text->second);
    policy = std::make_shared<const auth::Policy>(parsed ? *std::move(parsed) : deny_all());
  }
  return policy;
}

}  // namespace selvage::sqs
