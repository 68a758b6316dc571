// SPDX-License-Identifier: Apache-2.0
#include "sqs/policy_document.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace selvage::sqs {
namespace {

using std::string_literals::operator""s;

const std::string kArn = "arn:aws:sqs:us-east-1:000000000000:q";

// A document with one statement, which has `more` besides what is needed.
std::string document(const std::string& more) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",)"
         R"("Action":"sqs:SendMessage","Resource":")" +
         kArn + '"' + (more.empty() ? "" : ",") + more + "}]}";
}
std::string statement(const std::string& text) {
  return R"({"Statement":[)" + text + "]}";
}
// `count` times `item`, with commas.
std::string several(const std::string& item, size_t count) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += (i > 0 ? "," : "") + item;
  return all;
}

TEST(PolicyDocument, EveryElementIsUnderstood) {
  const auto policy = parse_policy(
      R"({"Version":"2008-10-17","Id":"the id","Statement":{"Sid":"one","Effect":"Deny",)"
      R"("NotPrincipal":{"AWS":["111122223333","arn:aws:iam::1:user/u"],"Service":"sns"},)"
      R"("NotAction":["sqs:SendMessage","sqs:Receive*"],"NotResource":"arn:x",)"
      R"("Condition":{"StringEquals":{"aws:UserAgent":["a","b"]},)"
      R"("Bool":{"aws:SecureTransport":false},"NumericLessThan":{"aws:EpochTime":5}}}})");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->id, "the id");
  ASSERT_EQ(policy->statements.size(), 1u);
  const auth::Statement& s = policy->statements[0];
  EXPECT_EQ(s.sid, "one");
  EXPECT_EQ(s.effect, auth::Effect::kDeny);
  EXPECT_TRUE(s.principals.negated && s.actions.negated && s.resources.negated);
  EXPECT_THAT(s.principals.values,
              testing::ElementsAre("111122223333", "arn:aws:iam::1:user/u", "Service:sns"));
  EXPECT_THAT(s.actions.values, testing::ElementsAre("sqs:SendMessage", "sqs:Receive*"));
  EXPECT_THAT(s.resources.values, testing::ElementsAre("arn:x"));
  ASSERT_EQ(s.conditions.size(), 3u);
  EXPECT_EQ(s.conditions[0].op, "StringEquals");
  EXPECT_EQ(s.conditions[0].key, "aws:UserAgent");
  EXPECT_THAT(s.conditions[0].values, testing::ElementsAre("a", "b"));
  EXPECT_THAT(s.conditions[1].values, testing::ElementsAre("false"));
  EXPECT_THAT(s.conditions[2].values, testing::ElementsAre("5"));
}

TEST(PolicyDocument, WhatHasOneMeaningIsTaken) {
  for (const std::string& text :
       {document(""), document(R"("Sid":"x")"), " \n" + document("") + "\t",
        document(R"("Condition":{})"),
        statement(R"({"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*","Resource":"*"})"),
        statement(R"({"Effect":"Allow","Principal":["*"],"Action":"*","Resource":"*"})")})
    EXPECT_TRUE(parse_policy(text)) << text;
}

TEST(PolicyDocument, WhatIsNotUnderstoodIsRefused) {
  const std::string rest = R"("Principal":"*","Action":"*","Resource":"*"})";
  for (const std::string& text : {
           ""s,
           "text"s,
           "{}"s,
           "[]"s,
           "null"s,
           R"({"Statement":[]})"s,
           R"({"Statement":["text"]})"s,
           R"({"Statement":5})"s,
           document("") + "x",
           document(R"("Unknown":1)"),
           document(R"("NotEffect":"Allow")"),
           document(R"("Condition":{"StringSounds":{"a":"b"}})"),
           document(R"("Condition":{"StringEquals":"a"})"),
           document(R"("Condition":{"StringEquals":{"a":{}}})"),
           document(R"("Condition":{"StringEquals":{"a":"${aws:username}"}})"),
           document(R"("Condition":[])"),
           statement("{" + rest),
           statement(R"({"Effect":"allow",)" + rest),
           statement(R"({"Effect":5,)" + rest),
           statement(R"({"Effect":"Allow","Action":"*","Resource":"*"})"),
           statement(R"({"Effect":"Allow","Principal":"*","Resource":"*"})"),
           statement(R"({"Effect":"Allow","Principal":"*","Action":"*"})"),
           statement(R"({"Effect":"Allow","Principal":"*","Action":[],"Resource":"*"})"),
           statement(R"({"Effect":"Allow","Principal":"*","Action":[[]],"Resource":"*"})"),
           statement(R"({"Effect":"Allow","Principal":"*","Action":null,"Resource":"*"})"),
           statement(R"({"Effect":"Allow","Principal":"1","Action":"*","Resource":"*"})"),
           statement(R"({"Effect":"Allow","Principal":{},"Action":"*","Resource":"*"})"),
           statement(R"({"Effect":"Allow","Principal":"*","Action":"*","Resource":"${a}"})"),
           R"({"Version":"2020-01-01","Statement":{"Effect":"Allow",)" + rest + "}",
           R"({"Id":{},"Statement":{"Effect":"Allow",)" + rest + "}",
           R"({"Other":1,"Statement":{"Effect":"Allow",)" + rest + "}",
       }) {
    const auto policy = parse_policy(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().kind.type, "InvalidAttributeValue") << text;
    EXPECT_EQ(policy.error().message, "Invalid value for the parameter Policy.") << text;
  }
}

TEST(PolicyDocument, ElementThatIsGivenTwiceIsRefused) {
  for (const char* again :
       {R"("Effect":"Deny")", R"("Principal":{"AWS":"111122223333"})",
        R"("NotPrincipal":{"AWS":"111122223333"})", R"("Action":"sqs:DeleteMessage")",
        R"("NotAction":"sqs:DeleteMessage")", R"("NotResource":"arn:x")"})
    EXPECT_FALSE(parse_policy(document(again))) << again;
}

TEST(PolicyDocument, SizesHaveLimits) {
  const std::string one = R"({"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"})";
  const auto actions = [](size_t count) {
    return statement(R"({"Effect":"Allow","Principal":"*","Resource":"*","Action":[)" +
                     several(R"("sqs:*")", count) + "]}");
  };
  const auto principals = [](size_t count) {
    return statement(R"({"Effect":"Allow","Action":"*","Resource":"*","Principal":{"AWS":[)" +
                     several(R"("111122223333")", count) + "]}}");
  };
  const auto conditions = [](size_t count) {
    return document(R"("Condition":{"StringEquals":{)" + several(R"("aws:UserAgent":"a")", count) +
                    "}}");
  };
  EXPECT_TRUE(parse_policy(statement(several(one, 20))));
  EXPECT_FALSE(parse_policy(statement(several(one, 21))));
  EXPECT_TRUE(parse_policy(actions(7)));
  EXPECT_FALSE(parse_policy(actions(8)));
  EXPECT_TRUE(parse_policy(principals(50)));
  EXPECT_FALSE(parse_policy(principals(51)));
  EXPECT_TRUE(parse_policy(conditions(10)));
  EXPECT_FALSE(parse_policy(conditions(11)));
  const std::string sound = document("");
  EXPECT_TRUE(parse_policy(sound + std::string(8192 - sound.size(), ' ')));
  EXPECT_FALSE(parse_policy(sound + std::string(8193 - sound.size(), ' ')));
}

// ---- the two edits

TEST(PermissionInAPolicy, FirstOneMakesTheDocument) {
  EXPECT_EQ(
      with_permission("", {"mine", {"111122223333"}, {"SendMessage"}}, kArn).value(),
      R"({"Version":"2008-10-17","Id":"arn:aws:sqs:us-east-1:000000000000:q/SQSDefaultPolicy",)"
      R"("Statement":[{"Sid":"mine","Effect":"Allow",)"
      R"("Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"SQS:SendMessage",)"
      R"("Resource":"arn:aws:sqs:us-east-1:000000000000:q"}]})");
}

TEST(PermissionInAPolicy, SeveralAccountsAndActionsAreLists) {
  EXPECT_THAT(
      with_permission("", {"l", {"111122223333", "444455556666"}, {"SendMessage", "*"}}, kArn)
          .value(),
      testing::HasSubstr(R"("Principal":{"AWS":["arn:aws:iam::111122223333:root",)"
                         R"("arn:aws:iam::444455556666:root"]},)"
                         R"("Action":["SQS:SendMessage","SQS:*"],)"));
}

TEST(PermissionInAPolicy, WhatAPersonWroteStays) {
  const std::string written =
      R"({ "Statement" : {"Effect" : "Deny", "Principal":"*","Action":"*", "Resource":"*"},)"
      R"( "Id" : "my \"own\"" })";
  const std::string added = with_permission(written, {"l", {"111122223333"}, {"*"}}, kArn).value();
  EXPECT_EQ(added, R"({"Id":"my \"own\"","Statement":[{"Effect" : "Deny", "Principal":"*",)"
                   R"("Action":"*", "Resource":"*"},{"Sid":"l","Effect":"Allow",)"
                   R"("Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"SQS:*",)"
                   R"("Resource":"arn:aws:sqs:us-east-1:000000000000:q"}]})");
  EXPECT_TRUE(parse_policy(added));
  EXPECT_EQ(without_permission(added, "l").value(),
            R"({"Id":"my \"own\"","Statement":[{"Effect" : "Deny", "Principal":"*",)"
            R"("Action":"*", "Resource":"*"}]})");
}

TEST(PermissionInAPolicy, LabelIsTakenOnceAndFoundOrNot) {
  const std::string one = with_permission("", {"l", {"111122223333"}, {"*"}}, kArn).value();
  const auto again = with_permission(one, {"l", {"444455556666"}, {"*"}}, kArn);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind.query, "InvalidParameterValue");
  EXPECT_EQ(again.error().message,
            "Value l for parameter Label is invalid. Reason: Already exists.");
  for (const std::string& policy : {""s, one}) {
    const auto gone = without_permission(policy, "other");
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().message,
              "Value other for parameter Label is invalid. Reason: can't find label.");
  }
}

TEST(PermissionInAPolicy, LastOneTakesTheDocumentWithIt) {
  const std::string one = with_permission("", {"l", {"111122223333"}, {"*"}}, kArn).value();
  EXPECT_EQ(without_permission(one, "l").value(), "");
}

TEST(PermissionInAPolicy, TooMuchIsOverTheLimit) {
  const Permission small{"l", {"111122223333"}, {"*"}};
  const auto sentence = [](const OrError<std::string>& edited) {
    EXPECT_FALSE(edited);
    EXPECT_EQ(edited.error().kind.type, "OverLimit");
    EXPECT_EQ(edited.error().kind.status, 403);
    return edited.error().message;
  };
  EXPECT_EQ(sentence(with_permission(
                "", {"l", {"111122223333"}, std::vector<std::string>(8, "SendMessage")}, kArn)),
            "8 Actions were found, maximum allowed is 7.");
  std::string twenty;
  for (int i = 0; i < 20; ++i)
    twenty =
        with_permission(twenty, {fmt::format("l{}", i), {"111122223333"}, {"*"}}, kArn).value();
  EXPECT_EQ(sentence(with_permission(twenty, small, kArn)),
            "21 statements were found, maximum allowed is 20.");
  const std::string large = document(R"("Sid":")" + std::string(7900, 's') + '"');
  EXPECT_THAT(sentence(with_permission(large, small, kArn)),
              testing::EndsWith("bytes, maximum allowed is 8192."));
}

}  // namespace
}  // namespace selvage::sqs
