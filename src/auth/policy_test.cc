// SPDX-License-Identifier: Apache-2.0
#include "auth/policy.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>

#include "auth/timestamp.h"

namespace selvage::auth {
namespace {

using enum Decision;

constexpr std::string_view kOwn = "111111111111";
constexpr std::string_view kForeign = "222222222222";
const std::string kArn = "arn:aws:sqs:us-east-1:111111111111:orders";

Statement allow_all() {
  return {"", Effect::kAllow, {{"*"}}, {{"sqs:*"}}, {{kArn}}, {}};
}
Statement deny_all() {
  Statement statement = allow_all();
  statement.effect = Effect::kDeny;
  return statement;
}
Request ann_sends() {
  return {{std::string(kOwn), "ann"}, "sqs:SendMessage", kArn, {}};
}
Decision decide(const Statement& statement, const Request& request = ann_sends()) {
  return evaluate({"", {statement}}, request);
}

struct PrincipalCase {
  Element principals;
  bool ann;  // of the own account
  bool zoe;  // of another one
  bool anonymous;
};

TEST(Policy, PrincipalsAreUsersAccountsOrEveryone) {
  const PrincipalCase cases[] = {
      {{{"*"}}, true, true, true},
      {{{"111111111111"}}, true, false, false},
      {{{"arn:aws:iam::111111111111:root"}}, true, false, false},
      {{{"arn:aws:iam::111111111111:user/ann"}}, true, false, false},
      {{{"arn:aws:iam::111111111111:user/Ann"}}, false, false, false},
      {{{"arn:aws:iam::222222222222:user/ann"}}, false, false, false},
      {{{"arn:aws:iam::222222222222:user/zoe", "111111111111"}}, true, true, false},
      {{{"arn:aws:iam::111111111111:user/*"}}, false, false, false},
      {{{"sns.amazonaws.com"}}, false, false, false},
      {{{""}}, false, false, false},
      {{{"arn:aws:iam::111111111111:user/ann"}, true}, false, true, true},
      {{{"111111111111"}, true}, false, true, true},
      {{{"*"}, true}, false, false, false},
  };
  for (const PrincipalCase& one : cases) {
    Statement statement = allow_all();
    statement.principals = one.principals;
    const auto allows = [&](const Caller& caller) {
      Request request = ann_sends();
      request.caller = caller;
      return decide(statement, request) == kAllow;
    };
    EXPECT_EQ(allows({std::string(kOwn), "ann"}), one.ann) << one.principals.values[0];
    EXPECT_EQ(allows({std::string(kForeign), "zoe"}), one.zoe) << one.principals.values[0];
    EXPECT_EQ(allows({"", "", true}), one.anonymous) << one.principals.values[0];
  }
}

struct ElementCase {
  Element element;
  bool fits;
};

TEST(Policy, ActionsFitWhateverTheirCase) {
  const ElementCase cases[] = {
      {{{"sqs:SendMessage"}}, true},
      {{{"SQS:sendmessage"}}, true},
      {{{"sqs:*"}}, true},
      {{{"*"}}, true},
      {{{"sqs:Send*"}}, true},
      {{{"sqs:?endMessage"}}, true},
      {{{"sqs:ReceiveMessage", "sqs:SendMessage"}}, true},
      {{{"sqs:ReceiveMessage"}}, false},
      {{{"SendMessage"}}, false},
      {{{"sqs:SendMessage"}, true}, false},
      {{{"sqs:ReceiveMessage"}, true}, true},
  };
  for (const ElementCase& one : cases) {
    Statement statement = allow_all();
    statement.actions = one.element;
    EXPECT_EQ(decide(statement), one.fits ? kAllow : kNone) << one.element.values[0];
  }
}

TEST(Policy, ResourcesFitByTheirArn) {
  const ElementCase cases[] = {
      {{{kArn}}, true},
      {{{"*"}}, true},
      {{{"arn:aws:sqs:*:111111111111:ord*"}}, true},
      {{{"arn:aws:sqs:us-east-1:111111111111:other"}}, false},
      {{{kArn}, true}, false},
      {{{"arn:aws:sqs:us-east-1:111111111111:other"}, true}, true},
  };
  for (const ElementCase& one : cases) {
    Statement statement = allow_all();
    statement.resources = one.element;
    EXPECT_EQ(decide(statement), one.fits ? kAllow : kNone) << one.element.values[0];
  }
}

TEST(Policy, AnExplicitDenyWinsWhereverItStands) {
  EXPECT_EQ(evaluate({}, ann_sends()), kNone);
  EXPECT_EQ(evaluate({"", {allow_all(), deny_all()}}, ann_sends()), kDeny);
  EXPECT_EQ(evaluate({"", {deny_all(), allow_all()}}, ann_sends()), kDeny);
  Statement of_others = deny_all();
  of_others.principals = {{std::string(kForeign)}};
  EXPECT_EQ(evaluate({"", {of_others, allow_all()}}, ann_sends()), kAllow);
}

TEST(Policy, EveryConditionMustHold) {
  Statement statement = allow_all();
  statement.conditions = {{"IpAddress", "aws:SourceIp", {"10.0.0.0/8"}},
                          {"Bool", "aws:SecureTransport", {"true"}}};
  Request request = ann_sends();
  request.context = context_of({Instant(), "10.1.2.3", true, "boto"});
  EXPECT_EQ(decide(statement, request), kAllow);
  request.context = context_of({Instant(), "10.1.2.3", false, "boto"});
  EXPECT_EQ(decide(statement, request), kNone);
  request.context = context_of({Instant(), "11.1.2.3", true, "boto"});
  EXPECT_EQ(decide(statement, request), kNone);
}

struct DoubtCase {
  std::string_view what;
  std::function<void(Statement&)> doubt;
};

TEST(Policy, WhatIsNotUnderstoodDeniesAndDoesNotAllow) {
  const DoubtCase cases[] = {
      {"operator", [](Statement& s) { s.conditions = {{"StringResembles", "k", {"v"}}}; }},
      {"value", [](Statement& s) { s.conditions = {{"Bool", "aws:SecureTransport", {"si"}}}; }},
      {"variable", [](Statement& s) { s.resources = {{"arn:aws:sqs:*:*:${aws:username}"}}; }},
      {"no principal", [](Statement& s) { s.principals = {}; }},
      {"no action", [](Statement& s) { s.actions = {}; }},
      {"no resource", [](Statement& s) { s.resources = {}; }},
  };
  Request request = ann_sends();
  request.context = context_of({Instant(), "10.1.2.3", true, "boto"});
  for (const DoubtCase& one : cases) {
    Statement allow = allow_all();
    Statement deny = deny_all();
    one.doubt(allow);
    one.doubt(deny);
    EXPECT_EQ(decide(allow, request), kNone) << one.what;
    EXPECT_EQ(decide(deny, request), kDeny) << one.what;
    deny.conditions.push_back({"StringEquals", "aws:username", {"bob"}});
    EXPECT_EQ(decide(deny, request), kNone) << one.what << ", but it is about someone else";
  }
}

TEST(Policy, TheCallerIsKnownByTheSignatureNotByTheContext) {
  Statement statement = allow_all();
  Request request = ann_sends();
  request.context["AWS:UserName"] = {"root"};
  const std::pair<std::string_view, std::string_view> known[] = {
      {"aws:username", "ann"},
      {"aws:PrincipalAccount", kOwn},
      {"aws:PrincipalArn", "arn:aws:iam::111111111111:user/ann"},
      {"aws:PrincipalType", "User"}};
  for (const auto& [key, value] : known) {
    statement.conditions = {{"StringEquals", std::string(key), {std::string(value)}}};
    EXPECT_EQ(decide(statement, request), kAllow) << key;
  }
  request.caller = {"", "", true};
  statement.conditions = {{"Null", "aws:username", {"true"}}};
  EXPECT_EQ(decide(statement, request), kAllow);
}

TEST(Policy, TheCircumstancesBecomeConditionKeys) {
  const Instant now = read_basic_time("20260101T000000Z").value();
  const Context full = context_of({now, "10.1.2.3", false, "boto"});
  EXPECT_EQ(full, (Context{{"aws:CurrentTime", {"2026-01-01T00:00:00Z"}},
                           {"aws:EpochTime", {"1767225600"}},
                           {"aws:SecureTransport", {"false"}},
                           {"aws:SourceIp", {"10.1.2.3"}},
                           {"aws:UserAgent", {"boto"}}}));
  EXPECT_FALSE(context_of({now, "", true, ""}).contains("aws:SourceIp"));
}

Key key_of(std::string_view account, bool granted) {
  Key key{"AKID", "secret", "ann", std::string(account), {}};
  if (granted) key.grants = {{{"*"}, {"*"}}};
  return key;
}
Access to_do(std::string action) {
  return {std::move(action), "orders", std::string(kOwn), kArn, {}};
}

struct MayCase {
  std::string_view who;
  std::optional<Key> caller;
  bool without_policy;
  bool with_allow;
  bool with_deny;
};

TEST(May, JoinsGrantsAndPolicy) {
  const MayCase cases[] = {
      {"own account, granted", key_of("", true), true, true, false},
      {"own account by name, granted", key_of(kOwn, true), true, true, false},
      {"own account", key_of("", false), false, true, false},
      {"another account, granted", key_of(kForeign, true), false, true, false},
      {"another account", key_of(kForeign, false), false, false, false},
      {"anonymous", std::nullopt, false, true, false},
  };
  const Policy allow{"", {allow_all()}};
  const Policy deny{"", {allow_all(), deny_all()}};
  for (const MayCase& one : cases) {
    const Key* const caller = one.caller ? &*one.caller : nullptr;
    EXPECT_EQ(may(caller, to_do("SendMessage"), nullptr), one.without_policy) << one.who;
    EXPECT_EQ(may(caller, to_do("SendMessage"), &allow), one.with_allow) << one.who;
    EXPECT_EQ(may(caller, to_do("SendMessage"), &deny), one.with_deny) << one.who;
  }
}

TEST(May, ChangesOfTheQueueAreForItsOwnAccount) {
  const Policy allow{"", {allow_all()}};
  const Key own = key_of("", false);
  const Key foreign = key_of(kForeign, true);
  for (const std::string action : {"SetQueueAttributes", "DeleteQueue", "TagQueue", "AddPermission",
                                   "StartMessageMoveTask", "ListQueueTags"}) {
    EXPECT_TRUE(may(&own, to_do(action), &allow)) << action;
    EXPECT_FALSE(may(&foreign, to_do(action), &allow)) << action;
    EXPECT_FALSE(may(nullptr, to_do(action), &allow)) << action;
  }
  EXPECT_TRUE(may(&foreign, to_do("GetQueueAttributes"), &allow));
}

TEST(May, WhatNamesNoQueueNeedsAGrantForAll) {
  Access list{"ListQueues", "", std::string(kOwn), "", {}};
  const Key all = key_of("", true);
  const Key none = key_of("", false);
  const Key foreign = key_of(kForeign, true);
  EXPECT_TRUE(may(&all, list, nullptr));
  EXPECT_FALSE(may(&none, list, nullptr));
  EXPECT_FALSE(may(&foreign, list, nullptr));
  EXPECT_FALSE(may(nullptr, list, nullptr));
}

TEST(May, OurOwnActionsAreNotSqsActions) {
  EXPECT_EQ(policy_action("SendMessage"), "sqs:SendMessage");
  EXPECT_EQ(policy_action("Selvage.HandOver"), "selvage:HandOver");
  const Policy allow{"", {allow_all()}};
  const Key none = key_of("", false);
  EXPECT_TRUE(may(&none, to_do("SendMessage"), &allow));
  EXPECT_FALSE(may(&none, to_do("Selvage.HandOver"), &allow));
}

}  // namespace
}  // namespace selvage::auth
