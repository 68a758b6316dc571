// SPDX-License-Identifier: Apache-2.0
#include "sqs/queue_attributes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace selvage::sqs {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using std::string_literals::operator""s;

constexpr const char* kKindOfQueue[] = {"standard", "FIFO"};

OrError<queue::ConfigPatch> parse(const QueueAttributes& attributes, bool is_fifo = false) {
  static const Identity identity;
  return parse_queue_attributes(attributes, {identity, is_fifo});
}

// The name of the refusal; "" when the attribute was taken.
std::string refusal_of(const std::string& name, const std::string& value, bool is_fifo = false) {
  const auto patch = parse({{name, value}}, is_fifo);
  if (patch) return "";
  EXPECT_THAT(patch.error().message, HasSubstr(name));
  return std::string(patch.error().kind.type);
}

TEST(QueueAttributesRules, NumbersHaveRanges) {
  struct Row {
    const char* name;
    int64_t min, max;
  };
  for (const auto& [name, min, max] :
       {Row{"VisibilityTimeout", 0, 43'200}, Row{"DelaySeconds", 0, 900},
        Row{"MaximumMessageSize", 1024, 1'048'576}, Row{"MessageRetentionPeriod", 60, 1'209'600},
        Row{"ReceiveMessageWaitTimeSeconds", 0, 20}}) {
    EXPECT_EQ(refusal_of(name, std::to_string(min)), "");
    EXPECT_EQ(refusal_of(name, std::to_string(max)), "");
    for (const std::string& bad :
         {std::to_string(min - 1), std::to_string(max + 1), std::string(), std::string("abc"),
          std::to_string(max) + " ", " " + std::to_string(max), "+" + std::to_string(max),
          std::to_string(max) + ".0", std::string("99999999999999999999")})
      EXPECT_EQ(refusal_of(name, bad), "InvalidAttributeValue") << name << " " << bad;
  }
}

TEST(QueueAttributesRules, KmsReuseHasARangeToo) {
  for (const char* good : {"60", "86400"})
    EXPECT_EQ(refusal_of("KmsDataKeyReusePeriodSeconds", good), "");
  for (const char* bad : {"59", "86401", "", "1h"})
    EXPECT_EQ(refusal_of("KmsDataKeyReusePeriodSeconds", bad), "InvalidAttributeValue") << bad;
}

TEST(QueueAttributesRules, ValuesOfChoicesAreExact) {
  struct Row {
    const char* name;
    const char* value;
    const char* on_standard;
    const char* on_fifo;
  };
  constexpr auto kName = "InvalidAttributeName";
  constexpr auto kValue = "InvalidAttributeValue";
  for (const auto& [name, value, on_standard, on_fifo] : {
           Row{"FifoQueue", "true", kName, ""},
           Row{"FifoQueue", "false", kName, kValue},
           Row{"FifoQueue", "", kName, kValue},
           Row{"ContentBasedDeduplication", "true", kName, ""},
           Row{"ContentBasedDeduplication", "false", kName, ""},
           Row{"ContentBasedDeduplication", "yes", kName, kValue},
           Row{"DeduplicationScope", "queue", kName, ""},
           Row{"DeduplicationScope", "messageGroup", kName, ""},
           Row{"DeduplicationScope", "group", kName, kValue},
           Row{"FifoThroughputLimit", "perQueue", kName, ""},
           Row{"FifoThroughputLimit", "perMessageGroupId", kName, ""},
           Row{"FifoThroughputLimit", "", kName, kValue},
           Row{"SqsManagedSseEnabled", "true", "", ""},
           Row{"SqsManagedSseEnabled", "false", "", ""},
           Row{"SqsManagedSseEnabled", "1", kValue, kValue},
           Row{"KmsMasterKeyId", "alias/aws/sqs", "", ""},
           Row{"KmsMasterKeyId", "", "", ""},
       })
    for (const bool is_fifo : {false, true})
      EXPECT_EQ(refusal_of(name, value, is_fifo), is_fifo ? on_fifo : on_standard)
          << name << "=" << value << " on a queue that is " << kKindOfQueue[is_fifo ? 1 : 0];
}

TEST(QueueAttributesRules, OneKindOfEncryptionAtATime) {
  const auto both = parse({{"SqsManagedSseEnabled", "true"}, {"KmsMasterKeyId", "key"}});
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().kind.query, "InvalidAttributeValue");
  EXPECT_EQ(both.error().message,
            "You can use one type of server-side encryption (SSE) at one time. You can either "
            "enable KMS SSE or SQS SSE.");
  EXPECT_TRUE(parse({{"SqsManagedSseEnabled", "false"}, {"KmsMasterKeyId", "key"}}));
  EXPECT_TRUE(parse({{"SqsManagedSseEnabled", "true"}, {"KmsMasterKeyId", ""}}));
}

TEST(QueueAttributesRules, UnknownAndReadOnlyOnesAreRefused) {
  for (const char* name : {"NoSuchThing", "visibilitytimeout", "QueueArn", "CreatedTimestamp",
                           "ApproximateNumberOfMessages"})
    EXPECT_EQ(refusal_of(name, "5"), "InvalidAttributeName") << name;
}

TEST(QueueAttributesRules, WhatIsGivenIsSetAndNothingElse) {
  const auto patch = parse({{"VisibilityTimeout", "7"}, {"DelaySeconds", "3"}});
  ASSERT_TRUE(patch);
  EXPECT_EQ(patch->visibility, seconds(7));
  EXPECT_EQ(patch->delay, seconds(3));
  EXPECT_FALSE(patch->retention || patch->receive_wait || patch->max_message_bytes ||
               patch->redrive || patch->retry);
}

TEST(RedrivePolicy, CountMayBeANumberOrAText) {
  struct Row {
    const char* json;
    uint32_t count;
  };
  for (const auto& [json, count] : {
           Row{R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead",)"
               R"("maxReceiveCount":3})",
               3},
           Row{R"({"maxReceiveCount":"1000",)"
               R"("deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead"})",
               1000},
           Row{R"( {"deadLetterTargetArn":"arn:aws:sqs:::dead","other":[1],)"
               R"("maxReceiveCount":1} )",
               1},
       }) {
    const auto patch = parse({{"RedrivePolicy", json}});
    ASSERT_TRUE(patch && patch->redrive && *patch->redrive) << json;
    EXPECT_EQ((*patch->redrive)->dead_letter_queue, "dead") << json;
    EXPECT_EQ((*patch->redrive)->max_receives, count) << json;
  }
}

TEST(RedrivePolicy, EmptyTextRemovesIt) {
  const auto patch = parse({{"RedrivePolicy", ""}});
  ASSERT_TRUE(patch && patch->redrive);
  EXPECT_FALSE(*patch->redrive);
}

TEST(RedrivePolicy, OtherFormsAreRefusedWithTheirReason) {
  struct Row {
    std::string json;
    const char* reason;
  };
  const std::string arn = R"("deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead")";
  constexpr auto kNoMap = "Redrive policy is not a valid JSON map.";
  constexpr auto kNoCount = "Redrive policy does not contain mandatory attribute: maxReceiveCount.";
  constexpr auto kNoTarget =
      "Redrive policy does not contain mandatory attribute: deadLetterTargetArn.";
  constexpr auto kNothing = "Dead letter target does not exist.";
  constexpr auto kBadCount =
      "Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.";
  for (const auto& [json, reason] : {
           Row{"[]", kNoMap},
           Row{"text", kNoMap},
           Row{"{}", kNoCount},
           Row{"{" + arn + "}", kNoCount},
           Row{R"({"maxReceiveCount":1})", kNoTarget},
           Row{R"({"maxReceiveCount":1,"deadLetterTargetArn":5})", kNoTarget},
           Row{R"({"maxReceiveCount":1,"deadLetterTargetArn":"dead"})", kNothing},
           Row{R"({"maxReceiveCount":1,"deadLetterTargetArn":"arn:aws:sns:eu-west-1:1:d"})",
               kNothing},
           Row{R"({"maxReceiveCount":1,"deadLetterTargetArn":"arn:aws:sqs:us-east-1:"})", kNothing},
           Row{R"({"maxReceiveCount":1,)"
               R"("deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:"})",
               kNothing},
           Row{R"({"maxReceiveCount":1,)"
               R"("deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:d"})",
               kNothing},
           Row{R"({"maxReceiveCount":1,"deadLetterTargetArn":"arn:aws:sqs:us-east-1:1:dead"})",
               "Dead letter target owner should be same as the source."},
           Row{"{" + arn + R"(,"maxReceiveCount":0})", kBadCount},
           Row{"{" + arn + R"(,"maxReceiveCount":1.5})", kBadCount},
           Row{"{" + arn + R"(,"maxReceiveCount":"five"})", kBadCount},
           Row{"{" + arn + R"(,"maxReceiveCount":null})", kBadCount},
       }) {
    const auto patch = parse({{"RedrivePolicy", json}});
    ASSERT_FALSE(patch) << json;
    EXPECT_EQ(patch.error().kind.query, "InvalidParameterValue") << json;
    EXPECT_EQ(patch.error().message,
              "Value " + json + " for parameter RedrivePolicy is invalid. Reason: " + reason);
  }
  for (const char* count : {"1001", "-1"})
    EXPECT_EQ(refusal_of("RedrivePolicy", "{" + arn + R"(,"maxReceiveCount":)" + count + "}"),
              "InvalidParameterValueException");
}

TEST(RedriveAllowPolicy, SaysWhoseDeadLettersItTakes) {
  using enum queue::RedriveAllow::Permission;
  struct Row {
    const char* json;
    queue::RedriveAllow allow;
  };
  for (const auto& [json, allow] : {
           Row{"", {kAll, {}}},
           Row{R"({"redrivePermission":"allowAll"})", {kAll, {}}},
           Row{R"({"redrivePermission":"denyAll"})", {kNone, {}}},
           Row{R"({"sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:b",)"
               R"("arn:aws:sqs:us-east-1:000000000000:a"],"redrivePermission":"byQueue"})",
               {kByQueue, {"b", "a"}}},
       }) {
    const auto patch = parse({{"RedriveAllowPolicy", json}});
    ASSERT_TRUE(patch) << json;
    EXPECT_EQ(patch->redrive_allow, allow) << json;
  }
}

TEST(RedriveAllowPolicy, OtherFormsAreRefused) {
  const std::string arn = R"("arn:aws:sqs:us-east-1:000000000000:a")";
  std::string eleven = arn;
  for (int i = 0; i < 10; ++i) eleven += "," + arn;
  const auto by_queue = [](const std::string& arns) {
    return R"({"redrivePermission":"byQueue","sourceQueueArns":)" + arns + "}";
  };
  for (const std::string& json :
       {"{}"s, "[]"s, "text"s, R"({"redrivePermission":"some"})"s, R"({"redrivePermission":5})"s,
        R"({"redrivePermission":"byQueue"})"s, by_queue("[]"), by_queue("[" + eleven + "]"),
        by_queue("[5]"), by_queue("5"), by_queue(R"(["a"])"), by_queue(R"(["arn:aws:sqs:r:1:"])"),
        R"({"redrivePermission":"denyAll","sourceQueueArns":[)" + arn + "]}",
        R"({"redrivePermission":"allowAll","other":1})"s})
    EXPECT_EQ(refusal_of("RedriveAllowPolicy", json), "InvalidAttributeValue") << json;
}

TEST(PolicyAttribute, IsKeptAsItWasWrittenIfItIsSound) {
  const std::string sound =
      R"({ "Statement": {"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"} })";
  EXPECT_EQ(parse({{"Policy", sound}})->policy, sound);
  EXPECT_EQ(parse({{"Policy", ""}})->policy, "");
  const auto bad = parse({{"Policy", "{}"}});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind.query, "InvalidAttributeValue");
  EXPECT_EQ(bad.error().message, "Invalid value for the parameter Policy.");
}

TEST(SettingsTheEngineRefuses, EchoTheRedrivePolicyThatWasGiven) {
  using queue::Refusal;
  for (const Refusal refusal :
       {Refusal::kNoDeadLetterQueue, Refusal::kDeadLetterKind, Refusal::kDeadLetterDenied}) {
    const ApiError error = describe_setting(refusal, {{"RedrivePolicy", "{json}"}});
    EXPECT_EQ(error.kind.query, "InvalidParameterValue");
    EXPECT_EQ(error.message, "Value {json} for parameter RedrivePolicy is invalid. Reason: " +
                                 describe(refusal).message);
  }
  EXPECT_EQ(describe_setting(Refusal::kThroughputNeedsGroups, {{"RedrivePolicy", "{}"}}).message,
            describe(Refusal::kThroughputNeedsGroups).message);
}

// ---- showing them

class ShownQueueAttributes : public testing::Test {
 protected:
  ShownQueueAttributes() {
    info_.name = "q";
    info_.created = from_micros(1'700'000'000'900'000);
    info_.modified = from_micros(1'700'000'100'000'000);
    info_.visible = 3;
    info_.in_flight = 2;
    info_.delayed = 1;
  }
  ShownAttributes show(const std::vector<std::string>& names) const {
    const auto shown = show_queue_attributes(info_, names, {});
    EXPECT_TRUE(shown);
    return shown.value_or(ShownAttributes{});
  }
  queue::QueueInfo info_;
};

TEST_F(ShownQueueAttributes, AllAreTheseInAmazonsOrderWithAmazonsDefaults) {
  EXPECT_EQ(show({"All"}), (ShownAttributes{
                               {"QueueArn", "arn:aws:sqs:us-east-1:000000000000:q"},
                               {"ApproximateNumberOfMessages", "3"},
                               {"ApproximateNumberOfMessagesNotVisible", "2"},
                               {"ApproximateNumberOfMessagesDelayed", "1"},
                               {"CreatedTimestamp", "1700000000"},
                               {"LastModifiedTimestamp", "1700000100"},
                               {"VisibilityTimeout", "30"},
                               {"MaximumMessageSize", "1048576"},
                               {"MessageRetentionPeriod", "345600"},
                               {"DelaySeconds", "0"},
                               {"ReceiveMessageWaitTimeSeconds", "0"},
                               {"SqsManagedSseEnabled", "true"},
                           }));
}

TEST_F(ShownQueueAttributes, FifoQueueHasFourMore) {
  info_.config.fifo.emplace();
  const auto shown = show({"All"});
  EXPECT_EQ(ShownAttributes(shown.end() - 6, shown.end()),
            (ShownAttributes{
                {"ReceiveMessageWaitTimeSeconds", "0"},
                {"FifoQueue", "true"},
                {"ContentBasedDeduplication", "false"},
                {"DeduplicationScope", "queue"},
                {"FifoThroughputLimit", "perQueue"},
                {"SqsManagedSseEnabled", "true"},
            }));
  info_.config.fifo = queue::Fifo{true, true, true};
  EXPECT_EQ(show({"FifoThroughputLimit", "DeduplicationScope", "ContentBasedDeduplication"}),
            (ShownAttributes{
                {"ContentBasedDeduplication", "true"},
                {"DeduplicationScope", "messageGroup"},
                {"FifoThroughputLimit", "perMessageGroupId"},
            }));
}

TEST_F(ShownQueueAttributes, KmsIsShownWhereThereIsAKeyAndOnlyWhatIsNotTheDefault) {
  info_.config.encryption = {.managed = false, .kms_key = "alias/k", .kms_reuse = seconds(300)};
  EXPECT_EQ(show({"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"}),
            (ShownAttributes{{"KmsMasterKeyId", "alias/k"}, {"SqsManagedSseEnabled", "false"}}));
  info_.config.encryption.kms_reuse = seconds(60);
  EXPECT_EQ(show({"KmsDataKeyReusePeriodSeconds"}),
            (ShownAttributes{{"KmsDataKeyReusePeriodSeconds", "60"}}));
}

TEST_F(ShownQueueAttributes, WhatTheKindOfQueueDoesNotHaveIsUnknown) {
  for (const char* name : {"FifoQueue", "ContentBasedDeduplication", "DeduplicationScope",
                           "FifoThroughputLimit", "KmsMasterKeyId"}) {
    const auto shown = show_queue_attributes(info_, {name}, {});
    ASSERT_FALSE(shown) << name;
    EXPECT_EQ(shown.error().kind.query, "InvalidAttributeName") << name;
    EXPECT_EQ(shown.error().message, "Unknown Attribute "s + name + ".");
  }
}

TEST_F(ShownQueueAttributes, RedriveAllowPolicyReadsBackUnlessItAllowsAll) {
  info_.config.redrive_allow = {queue::RedriveAllow::Permission::kNone, {}};
  EXPECT_EQ(show({"RedriveAllowPolicy"}).at(0).second, R"({"redrivePermission":"denyAll"})");
  info_.config.redrive_allow = {queue::RedriveAllow::Permission::kByQueue, {"a", "b"}};
  const std::string shown = show({"RedriveAllowPolicy"}).at(0).second;
  EXPECT_EQ(shown,
            R"({"redrivePermission":"byQueue","sourceQueueArns":[)"
            R"("arn:aws:sqs:us-east-1:000000000000:a","arn:aws:sqs:us-east-1:000000000000:b"]})");
  EXPECT_EQ(parse({{"RedriveAllowPolicy", shown}})->redrive_allow, info_.config.redrive_allow);
}

TEST_F(ShownQueueAttributes, PolicyIsTheTextThatWasSet) {
  info_.config.policy = "{ \"any\" : 1 }";
  EXPECT_EQ(show({"Policy"}).at(0).second, "{ \"any\" : 1 }");
}

TEST_F(ShownQueueAttributes, OnlyThoseThatAreNamedAreShown) {
  EXPECT_EQ(show({"DelaySeconds", "QueueArn"}),
            (ShownAttributes{{"QueueArn", "arn:aws:sqs:us-east-1:000000000000:q"},
                             {"DelaySeconds", "0"}}));
  EXPECT_EQ(show({}), ShownAttributes{});
}

TEST_F(ShownQueueAttributes, WhatHasNoValueIsLeftOut) {
  EXPECT_EQ(show({"RedrivePolicy", "Policy", "RedriveAllowPolicy"}), ShownAttributes{});
}

TEST_F(ShownQueueAttributes, RedrivePolicyReadsBackAsItWasSet) {
  info_.config.redrive = queue::Redrive{"dead", 7};
  const std::string shown = show({"RedrivePolicy"}).at(0).second;
  EXPECT_EQ(
      shown,
      R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":7})");
  const auto patch = parse({{"RedrivePolicy", shown}});
  ASSERT_TRUE(patch && patch->redrive);
  EXPECT_EQ(*patch->redrive, info_.config.redrive);
}

TEST_F(ShownQueueAttributes, UnknownNameIsRefused) {
  const auto shown = show_queue_attributes(info_, {"QueueArn", "Nonsense"}, {});
  ASSERT_FALSE(shown);
  EXPECT_EQ(shown.error().kind.type, "InvalidAttributeName");
}

// ---- names of queues

TEST(QueueName, HasOneToEightyOfTheseCharacters) {
  struct Row {
    std::string name;
    bool as_standard, as_fifo;
  };
  for (const auto& [name, as_standard, as_fifo] : {
           Row{"a", true, false},
           Row{"Orders_2024-final", true, false},
           Row{std::string(80, 'q'), true, false},
           Row{std::string(81, 'q'), false, false},
           Row{"with space", false, false},
           Row{"dotted.name", false, false},
           Row{"sl/ash", false, false},
           Row{"\xC3\xA9", false, false},
           Row{"orders.fifo", false, true},
           Row{std::string(75, 'q') + ".fifo", false, true},
           Row{std::string(76, 'q') + ".fifo", false, false},
           Row{".fifo", false, false},
           Row{"a.b.fifo", false, false},
           Row{"orders.FIFO", false, false},
           Row{"orders.fifo.fifo", false, false},
       }) {
    const auto standard = check_queue_name(name, {});
    EXPECT_EQ(standard.has_value(), as_standard) << name;
    if (!standard) {
      EXPECT_EQ(standard.error().message,
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in "
                "length");
    }
    const auto fifo = check_queue_name(name, {{"FifoQueue", "true"}});
    EXPECT_EQ(fifo.has_value(), as_fifo) << name;
    if (!fifo) {
      EXPECT_EQ(fifo.error().message,
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
                "underscores, must end with .fifo suffix and be 1 to 80 in length.");
    }
  }
  EXPECT_FALSE(check_queue_name("orders.fifo", {{"FifoQueue", "false"}}));
}

}  // namespace
}  // namespace selvage::sqs
