// SPDX-License-Identifier: Apache-2.0
// Any text as a queue's policy. What is taken decides without a crash; AddPermission allows what it
// says unless something denies it, and RemovePermission takes back that and nothing else.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "sqs/policy_document.h"
#include "tests/fuzz/text.h"

namespace {

using selvage::auth::Decision;
using selvage::auth::Element;
using selvage::auth::Policy;
using selvage::auth::Statement;

constexpr const char* kArn = "arn:aws:sqs:us-east-1:000000000000:q";
constexpr const char* kAccount = "444455556666";
constexpr const char* kLabel = "from the fuzzer";
constexpr size_t kMaxPolicyBytes = 8192;

std::string print(const Element& element) {
  std::string text(element.negated ? "not" : "one of");
  for (const std::string& value : element.values) text.append("\n ").append(value);
  return text;
}

std::string print(const Statement& s) {
  std::string text = s.sid + (s.effect == selvage::auth::Effect::kAllow ? " allow" : " deny");
  for (const Element* element : {&s.principals, &s.actions, &s.resources}) text += print(*element);
  for (const auto& condition : s.conditions)
    text.append(condition.op).append(condition.key).append(print(Element{condition.values}));
  return text;
}

std::vector<std::string> statements_of(const std::string& text) {
  const auto policy = selvage::sqs::parse_policy(text);
  SELVAGE_CHECK(policy);
  std::vector<std::string> texts;
  for (const Statement& s : policy->statements) texts.push_back(print(s));
  return texts;
}

Decision decide(const std::string& text) {
  const auto policy = selvage::sqs::parse_policy(text);
  SELVAGE_CHECK(policy);
  const selvage::auth::Circumstances now{
      .now = {}, .source_ip = "10.0.0.1", .tls = false, .user_agent = "fuzzer"};
  return evaluate(*policy, {.caller = {.account = kAccount, .user = "ann"},
                            .action = "sqs:SendMessage",
                            .resource = kArn,
                            .context = context_of(now)});
}

void check_adding(const std::string& text) {
  const auto more = selvage::sqs::with_permission(
      text, {.label = kLabel, .accounts = {kAccount}, .actions = {"SendMessage"}}, kArn);
  if (!more) return;  // too many, too long, or there is one of that label
  SELVAGE_CHECK(more->size() <= kMaxPolicyBytes);
  auto statements = statements_of(*more);
  SELVAGE_CHECK(!statements.empty());
  statements.pop_back();
  SELVAGE_CHECK(statements == statements_of(text));
  const bool denied = decide(text) == Decision::kDeny;
  SELVAGE_CHECK(decide(*more) == (denied ? Decision::kDeny : Decision::kAllow));
  const auto less = selvage::sqs::without_permission(*more, kLabel);
  SELVAGE_CHECK(less && statements_of(*less) == statements);
}

void check_removing(const std::string& text, const Policy& policy) {
  for (const Statement& removed : policy.statements) {
    std::vector<std::string> others;
    for (const Statement& s : policy.statements)
      if (s.sid != removed.sid) others.push_back(print(s));
    const auto less = selvage::sqs::without_permission(text, removed.sid);
    SELVAGE_CHECK(less && less->empty() == others.empty());
    if (!others.empty() && less->size() <= kMaxPolicyBytes)
      SELVAGE_CHECK(statements_of(*less) == others);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(selvage::fuzz::as_text(data, size));
  const auto policy = selvage::sqs::parse_policy(text);
  if (!policy) return 0;
  check_adding(text);
  check_removing(text, *policy);
  return 0;
}
