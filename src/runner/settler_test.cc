// SPDX-License-Identifier: Apache-2.0
// The way back, against a broker that answers when the test says so.
#include "runner/settler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/scripted_broker.h"

namespace selvage::runner {
namespace {

using client::ScriptedBroker;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class SettlerTest : public testing::Test {
 protected:
  void hand_over(const std::string& receipt, const std::string& body = "out") {
    settler_.add(Handing{.item = {.receipt = receipt, .outputs = {{"next", body, {}}}},
                         .message = {},
                         .verdict = {}});
  }
  void give_back(const std::string& receipt) { settler_.add(client::Return{.receipt = receipt}); }
  void fail(const std::string& receipt) {
    settler_.add(client::Fail{.receipt = receipt, .ended = {}, .evidence = "{}"});
  }

  // The receipts of the call that the broker got next.
  std::vector<std::string> next_call() {
    asked_ = broker_.next();
    std::vector<std::string> receipts;
    const std::string key = R"("ReceiptHandle":")";
    for (size_t at = asked_.body.find(key); at != std::string::npos;
         at = asked_.body.find(key, at + 1))
      receipts.push_back(asked_.body.substr(
          at + key.size(), asked_.body.find('"', at + key.size()) - at - key.size()));
    return receipts;
  }
  void answer(const std::vector<std::string>& outcomes) {
    std::string json;
    for (const std::string& outcome : outcomes)
      json += (json.empty() ? "" : ",") + (R"({"Outcome":")" + outcome + "\"}");
    asked_.answer(R"({"Results":[)" + json + "]}");
  }
  void run_until_idle() {
    broker_.run_until([this] { return settler_.idle(); });
  }

  process::Reactor reactor_;
  ScriptedBroker broker_{reactor_};
  client::Client client_{reactor_, broker_.endpoint()};
  std::vector<std::string> refused_, lost_;
  int idle_changes_ = 0;
  int broken_ = 0;
  Settler settler_{
      client_,
      {.idle_changed = [this] { ++idle_changes_; },
       .refused =
           [this](const Handing& handing, const std::string& outcome) {
             refused_.push_back(handing.item.receipt + " " + outcome);
           },
       .broken = [this] { ++broken_; },
       .lost = [this](const Handing& handing) { lost_.push_back(handing.item.receipt); }}};
  ScriptedBroker::Asked asked_;
};

TEST_F(SettlerTest, WhatComesWhileACallIsUnderWayGoesTogether) {
  hand_over("r1");
  hand_over("r2");
  hand_over("r3");
  EXPECT_THAT(next_call(), ElementsAre("r1"));
  EXPECT_EQ(asked_.action, "Selvage.HandOver");
  EXPECT_FALSE(settler_.idle());
  answer({"Done"});
  EXPECT_THAT(next_call(), ElementsAre("r2", "r3"));
  answer({"Done", "Done"});
  run_until_idle();
  EXPECT_EQ(idle_changes_, 1);
  EXPECT_THAT(refused_, IsEmpty());
  EXPECT_THAT(lost_, IsEmpty());
}

TEST_F(SettlerTest, FailuresGoFirstThenReturnsThenHandOvers) {
  hand_over("first");
  hand_over("h");
  give_back("r");
  fail("f");
  next_call();
  answer({"Done"});
  EXPECT_THAT(next_call(), ElementsAre("f"));
  EXPECT_EQ(asked_.action, "Selvage.Fail");
  answer({"Retry"});
  EXPECT_THAT(next_call(), ElementsAre("r"));
  EXPECT_EQ(asked_.action, "Selvage.Return");
  answer({"Done"});
  EXPECT_THAT(next_call(), ElementsAre("h"));
  answer({"Done"});
  run_until_idle();
}

TEST_F(SettlerTest, ReceiptsAreOfAllThatIsNotSettled) {
  hand_over("called");
  hand_over("h");
  give_back("r");
  fail("f");
  EXPECT_THAT(settler_.receipts(), UnorderedElementsAre("called", "h", "r", "f"));
  next_call();
  answer({"Done"});
  next_call();
  EXPECT_THAT(settler_.receipts(), UnorderedElementsAre("h", "r", "f"));
}

TEST_F(SettlerTest, CallHasAHundredItemsAtMost) {
  for (int i = 0; i < 151; ++i) give_back("r" + std::to_string(i));
  next_call();
  answer({"Done"});
  EXPECT_EQ(next_call().size(), 100u);
  answer(std::vector<std::string>(100, "Done"));
  EXPECT_EQ(next_call().size(), 50u);
  answer(std::vector<std::string>(50, "Done"));
  run_until_idle();
}

TEST_F(SettlerTest, CallHasAMebibyteAtMostUnlessOneItemIsLarger) {
  const std::string half(1 << 19, 'x');
  hand_over("r0");
  hand_over("large", half + half + "x");
  for (const char* receipt : {"r1", "r2", "r3"}) hand_over(receipt, half);
  for (const std::vector<std::string>& wanted :
       {std::vector<std::string>{"r0"}, {"large"}, {"r1", "r2"}, {"r3"}}) {
    EXPECT_EQ(next_call(), wanted);
    answer(std::vector<std::string>(wanted.size(), "Done"));
  }
  run_until_idle();
}

// ---- answers

TEST_F(SettlerTest, OutcomesOfHandOversAreTold) {
  hand_over("first");
  for (const char* receipt : {"a", "b", "c"}) hand_over(receipt);
  next_call();
  answer({"Done"});
  next_call();
  answer({"TooLarge", "LeaseGone", "Done"});
  run_until_idle();
  EXPECT_THAT(refused_, ElementsAre("a TooLarge"));
  EXPECT_THAT(lost_, ElementsAre("b"));
}

TEST_F(SettlerTest, OutcomesOfReturnsAndFailuresNeedNobody) {
  fail("f");
  next_call();
  answer({"LeaseGone"});
  run_until_idle();
  give_back("r");
  next_call();
  answer({"LeaseGone"});
  run_until_idle();
  EXPECT_THAT(refused_, IsEmpty());
  EXPECT_THAT(lost_, IsEmpty());
}

TEST_F(SettlerTest, HandOverThatTheBrokerRefusesAsAWholeIsRefused) {
  hand_over("r");
  next_call();
  asked_.answer(R"({"__type":"x#InvalidParameterValue","message":"no"})", 400);
  run_until_idle();
  EXPECT_THAT(refused_, ElementsAre(StartsWith("r ")));
}

// ---- the connection and the session

TEST_F(SettlerTest, BrokenConnectionRepeatsTheCallOnceTheSessionIsBack) {
  hand_over("r1");
  next_call();
  hand_over("r2");
  bool lost = false;
  client_.on_lost([&] {
    lost = true;
    settler_.pause();
  });
  broker_.stop();
  broker_.run_until([&] { return lost; });
  EXPECT_THAT(settler_.receipts(), ElementsAre("r1", "r2"));
  broker_.listen();
  settler_.resume();
  EXPECT_THAT(next_call(), ElementsAre("r1", "r2"));
  answer({"LeaseGone", "Done"});  // the first had taken effect
  run_until_idle();
  EXPECT_THAT(lost_, ElementsAre("r1"));
}

TEST_F(SettlerTest, NothingIsSentWhileItPauses) {
  settler_.pause();
  hand_over("r1");
  fail("r2");
  reactor_.run_once(Duration{0});
  EXPECT_FALSE(broker_.has_next());
  EXPECT_THAT(settler_.receipts(), UnorderedElementsAre("r1", "r2"));
  settler_.resume();
  EXPECT_THAT(next_call(), ElementsAre("r2"));
}

TEST_F(SettlerTest, PauseLetsTheCallUnderWayBeAnswered) {
  hand_over("r1");
  next_call();
  hand_over("r2");
  settler_.pause();
  answer({"Done"});
  broker_.run_until([this] { return settler_.receipts().size() == 1; });
  EXPECT_THAT(settler_.receipts(), ElementsAre("r2"));
  EXPECT_FALSE(broker_.has_next());
}

TEST_F(SettlerTest, ForgottenSessionLosesWhatWaitsAndItsLateAnswers) {
  hand_over("called");
  const auto call = (next_call(), asked_);
  hand_over("waiting");
  fail("f");
  give_back("r");
  settler_.forget();
  EXPECT_TRUE(settler_.idle());
  EXPECT_THAT(settler_.receipts(), IsEmpty());
  EXPECT_THAT(lost_, ElementsAre("waiting"));

  hand_over("new");  // of the next session; its call goes out behind the old one
  call.answer(R"({"Results":[{"Outcome":"TooLarge"}]})");
  EXPECT_THAT(next_call(), ElementsAre("new"));
  EXPECT_THAT(refused_, IsEmpty());
  EXPECT_FALSE(settler_.idle());
  answer({"Done"});
  run_until_idle();
}

}  // namespace
}  // namespace selvage::runner
