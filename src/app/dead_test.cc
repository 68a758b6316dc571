// SPDX-License-Identifier: Apache-2.0
// `selvage dead` against a broker with ready answers: what it asks, what it leaves alone, what it
// records.
#include "app/dead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "app/canned_broker.h"
#include "incident/signature.h"

namespace selvage::app {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kEvidence =
    R"([{"stage":"s","worker":"s-1","cause":"exit code 3","exit_code":3,"stderr":"no 7\n",)"
    R"("ended_us":1000000},{"stage":"s","cause":"exit code 4","exit_code":4,)"
    R"("signature":"s: exit 4","ended_us":3000000}])";

DeadLetter letter(const std::string& body = "b", const std::string& evidence = kEvidence) {
  client::PeekedMessage message;
  message.id = "m";
  message.state = "Visible";
  message.body = body;
  message.vests = from_micros(9'000'000);
  message.dead_letter_source = "in";
  message.evidence = evidence;
  return to_dead_letter("s-dead", std::move(message));
}

TEST(DeadLetter, ItsLastAttemptSaysWhyAndWhenItDied) {
  const DeadLetter dead = letter();
  ASSERT_EQ(dead.attempts.size(), 2u);
  EXPECT_EQ(dead.attempts[0].signature, "s: exit 3: no #") << "where it is not said it is made";
  EXPECT_EQ(dead.attempts[0].worker, "s-1");
  EXPECT_EQ(dead.signature, "s: exit 4");
  EXPECT_EQ(dead.died, from_micros(3'000'000));
  EXPECT_EQ(dead.where(), "s");
}

TEST(DeadLetter, WithoutEvidenceItsQueueSaysWhatIsKnown) {
  for (const char* nothing : {"", "[]", "nonsense"}) {
    const DeadLetter dead = letter("b", nothing);
    EXPECT_EQ(dead.signature, "in: received too often, nobody said why") << nothing;
    EXPECT_EQ(dead.died, from_micros(9'000'000));
    EXPECT_EQ(dead.where(), "in");
  }
}

TEST(DeadLetter, EvidenceOfAnyShapeHidesNothingElse) {
  const auto attempts = read_evidence(R"([7,{"cause":{"a":[1]}},"text",{"cause":"known"}])");
  ASSERT_EQ(attempts.size(), 4u);
  EXPECT_EQ(attempts[3].signature, "known");
}

TEST(DeadLetter, EachConditionOfAFilterCounts) {
  struct Row {
    DeadFilter filter;
    bool is_meant;
  };
  const Instant now = from_micros(3'000'000) + hours(1);
  for (const auto& [filter, is_meant] : {
           Row{{}, true},
           Row{{.ids = {"n", "m"}}, true},
           Row{{.ids = {"n"}}, false},
           Row{{.group = "s: exit 4"}, true},
           Row{{.group = incident::short_name_of("s: exit 4")}, true},
           Row{{.group = "s: exit 3: no #"}, false},
           Row{{.stage = "s"}, true},
           Row{{.stage = "in"}, true},
           Row{{.stage = "s-dead"}, false},
           Row{{.older = hours(1)}, true},
           Row{{.older = hours(1) + seconds(1)}, false},
           Row{{.contains = "od"}, true},
           Row{{.contains = "OD"}, false},
           Row{{.group = "s: exit 4", .contains = "x"}, false},
       })
    EXPECT_EQ(matches(filter, letter("a body"), now), is_meant)
        << filter.group << filter.stage << filter.contains;
}

class DeadTest : public testing::Test {
 protected:
  DeadTest() {
    std::string pattern = fs::temp_directory_path() / "selvage-dead-XXXXXX";
    data_ = mkdtemp(pattern.data());
    fs::create_directories(data_ + "/run");
    broker_.answer("Statistics", R"({"Queues":[{"Name":"in"},{"Name":"in-dead","Visible":2}]})");
    broker_.answer("ListDeadLetterSourceQueues", R"({"queueUrls":["http://h/1/in"]})");
    broker_.answer("Peek", R"({"Messages":[)"
                           R"({"MessageId":"a","State":"Visible","DeadLetterSource":"in"},)"
                           R"({"MessageId":"b","State":"InFlight","DeadLetterSource":"in"},)"
                           R"({"MessageId":"c","State":"Visible","DeadLetterSource":"in"}]})");
  }
  ~DeadTest() override { fs::remove_all(data_); }

  ExitCode run(ExitCode (*verb)(const ChangeDead&), ChangeDead settings) {
    settings.at = {.broker = broker_.address(), .data = data_};
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const ExitCode code = verb(settings);
    std::fflush(stdout);
    printed_ = testing::internal::GetCapturedStdout();
    told_ = testing::internal::GetCapturedStderr();
    return code;
  }
  std::string audit() const {
    std::ifstream in(data_ + "/run/audit.jsonl");
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<std::string> changes() {
    std::vector<std::string> found;
    for (const std::string& call : broker_.asked())
      if (call.starts_with("Cancel") || call.starts_with("Reschedule")) found.push_back(call);
    return found;
  }

  std::string data_;
  CannedBroker broker_;
  std::string printed_, told_;
};

TEST_F(DeadTest, ADryRunCountsAndChangesNothing) {
  EXPECT_EQ(run(redrive_dead, {.dry_run = true}), ExitCode::kOk);
  EXPECT_EQ(printed_, "would redrive 2 dead letters: 2 to in\n");
  EXPECT_EQ(told_, "1 is leased: left alone, whoever has them decides\n");
  EXPECT_EQ(run(discard_dead, {.dry_run = true, .json = true}), ExitCode::kOk);
  EXPECT_EQ(printed_, "{\"would\":\"discard\",\"messages\":2,\"leased\":1}\n");
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_EQ(audit(), "");
}

TEST_F(DeadTest, WhatIsDoneIsRecordedMessageByMessage) {
  broker_.answer("Reschedule", R"({"Results":[{"Outcome":"Done"},{"Outcome":"TooLarge"}]})");
  EXPECT_EQ(run(redrive_dead, {}), ExitCode::kFailed);
  EXPECT_THAT(changes(), ElementsAre(R"(Reschedule {"QueueUrl":"in-dead","Entries":[)"
                                     R"({"MessageId":"a","TargetQueueUrl":"in"},)"
                                     R"({"MessageId":"c","TargetQueueUrl":"in"}]})"));
  EXPECT_EQ(printed_, "redrove 1 dead letter: 1 to in\n");
  EXPECT_THAT(told_, HasSubstr("c stays in in-dead: it is larger"));
  EXPECT_THAT(audit(),
              HasSubstr(R"("action":"redrive","queue":"in-dead","message":"a","to":"in")"));
  EXPECT_THAT(audit(), HasSubstr(R"("outcome":"TooLarge")"));
}

TEST_F(DeadTest, NothingIsThrownAwayUnasked) {
  EXPECT_EQ(run(discard_dead, {}), ExitCode::kUsage) << "nobody is there to ask";
  EXPECT_THAT(told_, HasSubstr("2 dead letters: 2 from in-dead"));
  EXPECT_THAT(changes(), IsEmpty());
  broker_.answer("Cancel", R"({"Results":[{"Outcome":"Done"},{"Outcome":"Done"}]})");
  EXPECT_EQ(run(discard_dead, {.yes = true}), ExitCode::kOk);
  EXPECT_EQ(changes().size(), 1u);
}

TEST_F(DeadTest, WithoutAnAuditNothingIsDone) {
  fs::create_directories(data_ + "/run/audit.jsonl");
  EXPECT_EQ(run(redrive_dead, {}), ExitCode::kUsage);
  EXPECT_THAT(told_, HasSubstr("audit.jsonl"));
  EXPECT_THAT(changes(), IsEmpty());
}

TEST_F(DeadTest, WithoutADirectoryTheAuditIsPrinted) {
  broker_.answer("Reschedule", R"({"Results":[{"Outcome":"Done"},{"Outcome":"Done"}]})");
  EXPECT_EQ(run(redrive_dead, {.knows_directory = false}), ExitCode::kOk);
  EXPECT_THAT(printed_, HasSubstr(R"("message":"c")"));
  EXPECT_THAT(printed_, Not(HasSubstr("redrove")));
  EXPECT_EQ(told_.substr(0, told_.find('\n')), "redrove 2 dead letters: 2 to in");
  EXPECT_EQ(audit(), "");
}

TEST_F(DeadTest, WhenTheBrokerGoesAwayWhatWasDoneIsSaid) {
  broker_.refuse("Reschedule", "ServiceUnavailable", "gone");
  EXPECT_NE(run(redrive_dead, {}), ExitCode::kOk);
  EXPECT_THAT(told_, HasSubstr("at most 2 left"));
}

TEST_F(DeadTest, TheDeadLettersOfAQueueAreThoseThatDiedInIt) {
  CannedBroker fresh;
  fresh.answer("Statistics", R"({"Queues":[{"Name":"other"},{"Name":"in-dead","Visible":2}]})");
  fresh.answer("ListDeadLetterSourceQueues", "{}");
  fresh.answer("Peek", R"({"Messages":[]})");
  fresh.answer("GetQueueAttributes", R"({"Attributes":{"RedrivePolicy":"{\"deadLetterTargetArn\":)"
                                     R"(\"arn:aws:sqs:r:0:in-dead\"}"}})");
  const auto link = Link::open({.broker = fresh.address(), .data = data_});
  const auto scope = find_scope(**link, "other");
  ASSERT_TRUE(scope.has_value());
  EXPECT_THAT(scope->queues, ElementsAre("in-dead"));
  EXPECT_EQ(scope->source, "other");
}

}  // namespace
}  // namespace selvage::app
