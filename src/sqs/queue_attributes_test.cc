// SPDX-License-Identifier: Apache-2.0
#include "sqs/queue_attributes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace selvage::sqs {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using std::string_literals::operator""s;

// The name of the refusal; "" when the attribute was taken.
std::string refusal_of(const std::string& name, const std::string& value) {
  const auto patch = parse_queue_attributes({{name, value}});
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

TEST(QueueAttributesRules, WhatIsNotSupportedYetIsRefusedByName) {
  for (const char* name :
       {"Policy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds",
        "SqsManagedSseEnabled", "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope",
        "FifoThroughputLimit"})
    EXPECT_EQ(refusal_of(name, "true"), "InvalidAttributeName") << name;
}

TEST(QueueAttributesRules, UnknownAndReadOnlyOnesAreRefused) {
  for (const char* name : {"NoSuchThing", "visibilitytimeout", "QueueArn", "CreatedTimestamp",
                           "ApproximateNumberOfMessages"})
    EXPECT_EQ(refusal_of(name, "5"), "InvalidAttributeName") << name;
}

TEST(QueueAttributesRules, WhatIsGivenIsSetAndNothingElse) {
  const auto patch = parse_queue_attributes({{"VisibilityTimeout", "7"}, {"DelaySeconds", "3"}});
  ASSERT_TRUE(patch);
  EXPECT_EQ(patch->visibility, seconds(7));
  EXPECT_EQ(patch->delay, seconds(3));
  EXPECT_FALSE(patch->retention || patch->receive_wait || patch->max_message_bytes ||
               patch->redrive || patch->retry);
}

TEST(RedrivePolicy, CountMayBeANumberOrATextOrLeftOut) {
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
           Row{R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead"})", 10},
           Row{R"( {"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:1:dead","other":[1]} )", 10},
       }) {
    const auto patch = parse_queue_attributes({{"RedrivePolicy", json}});
    ASSERT_TRUE(patch && patch->redrive && *patch->redrive) << json;
    EXPECT_EQ((*patch->redrive)->dead_letter_queue, "dead") << json;
    EXPECT_EQ((*patch->redrive)->max_receives, count) << json;
  }
}

TEST(RedrivePolicy, EmptyTextRemovesIt) {
  const auto patch = parse_queue_attributes({{"RedrivePolicy", ""}});
  ASSERT_TRUE(patch && patch->redrive);
  EXPECT_FALSE(*patch->redrive);
}

TEST(RedrivePolicy, OtherFormsAreRefused) {
  const std::string arn = R"("deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead")";
  for (const std::string& json :
       {std::string("{}"), std::string("[]"), std::string("text"), "{" + arn,
        R"({"deadLetterTargetArn":"dead"})"s, R"({"deadLetterTargetArn":5})"s,
        R"({"deadLetterTargetArn":"arn:aws:sns:us-east-1:000000000000:dead"})"s,
        R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:"})"s,
        "{" + arn + R"(,"maxReceiveCount":0})", "{" + arn + R"(,"maxReceiveCount":1001})",
        "{" + arn + R"(,"maxReceiveCount":-1})", "{" + arn + R"(,"maxReceiveCount":1.5})",
        "{" + arn + R"(,"maxReceiveCount":"five"})", "{" + arn + R"(,"maxReceiveCount":null})"})
    EXPECT_EQ(refusal_of("RedrivePolicy", json), "InvalidAttributeValue") << json;
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
  QueueAttributes show(const std::vector<std::string>& names) const {
    const auto shown = show_queue_attributes(info_, names, {});
    EXPECT_TRUE(shown);
    return shown.value_or(QueueAttributes{});
  }
  queue::QueueInfo info_;
};

TEST_F(ShownQueueAttributes, AllAreTheseWithAmazonsDefaults) {
  EXPECT_EQ(show({"All"}), (QueueAttributes{
                               {"ApproximateNumberOfMessages", "3"},
                               {"ApproximateNumberOfMessagesNotVisible", "2"},
                               {"ApproximateNumberOfMessagesDelayed", "1"},
                               {"CreatedTimestamp", "1700000000"},
                               {"LastModifiedTimestamp", "1700000100"},
                               {"QueueArn", "arn:aws:sqs:us-east-1:000000000000:q"},
                               {"VisibilityTimeout", "30"},
                               {"DelaySeconds", "0"},
                               {"MaximumMessageSize", "1048576"},
                               {"MessageRetentionPeriod", "345600"},
                               {"ReceiveMessageWaitTimeSeconds", "0"},
                           }));
}

TEST_F(ShownQueueAttributes, OnlyThoseThatAreNamedAreShown) {
  EXPECT_EQ(show({"DelaySeconds", "QueueArn"}),
            (QueueAttributes{{"DelaySeconds", "0"},
                             {"QueueArn", "arn:aws:sqs:us-east-1:000000000000:q"}}));
  EXPECT_EQ(show({}), QueueAttributes{});
}

TEST_F(ShownQueueAttributes, WhatHasNoValueIsLeftOut) {
  EXPECT_EQ(show({"RedrivePolicy", "Policy", "KmsMasterKeyId"}), QueueAttributes{});
}

TEST_F(ShownQueueAttributes, RedrivePolicyReadsBackAsItWasSet) {
  info_.config.redrive = queue::Redrive{"dead", 7};
  const std::string shown = show({"RedrivePolicy"}).at("RedrivePolicy");
  EXPECT_EQ(
      shown,
      R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":7})");
  const auto patch = parse_queue_attributes({{"RedrivePolicy", shown}});
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
    std::string_view error;
  };
  for (const auto& [name, error] : {
           Row{"a", ""},
           Row{"Orders_2024-final", ""},
           Row{std::string(80, 'q'), ""},
           Row{"", "MissingRequiredParameterException"},
           Row{std::string(81, 'q'), "InvalidParameterValueException"},
           Row{"with space", "InvalidParameterValueException"},
           Row{"dotted.name", "InvalidParameterValueException"},
           Row{"sl/ash", "InvalidParameterValueException"},
           Row{"\xC3\xA9", "InvalidParameterValueException"},
           Row{"orders.fifo", "InvalidParameterValueException"},
       }) {
    const auto checked = check_queue_name(name);
    EXPECT_EQ(checked ? "" : checked.error().kind.type, error) << name;
  }
}

}  // namespace
}  // namespace selvage::sqs
