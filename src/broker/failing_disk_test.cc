// SPDX-License-Identifier: Apache-2.0
// A broker whose disk runs full or fails: what it refuses, what it forgets, and how it comes back.
#include "broker/broker_fixture.h"

namespace selvage::broker {
namespace {

using queue::Delivery;
using queue::Refusal;
using Sent = std::vector<queue::OrRefusal<queue::Sent>>;
using Deliveries = std::vector<Delivery>;

const Error kFull{ErrorCode::kDiskFull, "full"};
const Error kBroken{ErrorCode::kRetry, "broken"};

class FailingDisk : public BrokerTest {
 protected:
  FailingDisk() {
    allow(1'000'000);
    get<queue::QueueInfo>(create("q"));
  }
  // The disk fails from now on; returns when the broker has given its store up.
  void fail_writes(const Error& error) {
    disk([&](Disk& d) { d.apply_error = d.open_error = error; });
    EXPECT_TRUE(is_refused(send("lost"), Refusal::kUnavailable));
    wait_until([&] { return disk_.refused > 0; });
  }
  queue::Receipt take(SessionId session) {
    const auto got = get<Deliveries>(receive(session));
    EXPECT_EQ(got.size(), 1u);
    return got.empty() ? queue::Receipt{} : got[0].receipt;
  }
  // What a worker does with its lease: true when it counts.
  bool hand_over(const queue::Receipt& receipt) {
    queue::HandOver command;
    command.items.push_back({.receipt = receipt, .outputs = {}});
    const queue::Reply reply = insist(command);
    return std::get<queue::ItemResults>(reply).at(0).has_value();
  }
};

TEST_F(FailingDisk, AFailedWriteAnswersEverybodyThatHeShouldTryAgain) {
  auto parked = ask(receive({}, std::chrono::hours(1)));
  fail_writes(kBroken);
  EXPECT_TRUE(is_refused(parked.get(), Refusal::kUnavailable));
  EXPECT_TRUE(is_refused(queue::GetQueue{"q"}, Refusal::kUnavailable));  // also what comes then
  const Health health = broker_->health();
  EXPECT_EQ(health.state, Health::State::kDown);
  EXPECT_EQ(health.reason, "broken");
}

TEST_F(FailingDisk, AFailedSyncConfirmsNothingOfWhatItShouldHaveCovered) {
  disk([](Disk& d) {
    d.allowed = 0;
    d.sync_error = d.open_error = kBroken;
  });
  auto first = ask(send("covered"));
  wait_until_syncing(2);
  auto second = ask(send("applied meanwhile"));
  allow(1);
  EXPECT_TRUE(is_refused(first.get(), Refusal::kUnavailable));
  EXPECT_TRUE(is_refused(second.get(), Refusal::kUnavailable));
  EXPECT_EQ(broker_->health().state, Health::State::kDown);
}

TEST_F(FailingDisk, WhenItWorksAgainTheBrokerGoesOnByItself) {
  get<Sent>(send("kept"));
  fail_writes(kFull);
  heal();
  const auto reply = insist(receive());
  ASSERT_TRUE(std::holds_alternative<Deliveries>(reply));
  EXPECT_EQ(std::get<Deliveries>(reply).at(0).payload, "kept");
  EXPECT_EQ(broker_->health().state, Health::State::kOk);
  EXPECT_EQ(broker_->health().reason, "");
  disk([](const Disk& d) { EXPECT_EQ(d.opened, 2); });
}

TEST_F(FailingDisk, ItCanFailAgainAndAgain) {
  for (int i = 0; i < 3; ++i) {
    disk([](Disk& d) { d.refused = 0; });
    fail_writes(kBroken);
    heal();
    EXPECT_TRUE(std::holds_alternative<Sent>(insist(send("x"))));
  }
  EXPECT_EQ(get<queue::QueueInfo>(queue::GetQueue{"q"}).visible, 3u);
}

TEST_F(FailingDisk, SessionsOfConnectedConsumersLiveOnWithTheirLeases) {
  get<Sent>(send("work"));
  const auto session = get<queue::Opened>(queue::OpenSession{}).session;
  const auto idle = get<queue::Opened>(queue::OpenSession{}).session;
  const queue::Receipt lease = take(session);
  fail_writes(kBroken);
  heal();
  EXPECT_TRUE(hand_over(lease));
  EXPECT_TRUE(get<Deliveries>(receive(idle)).empty());
}

TEST_F(FailingDisk, AConsumerThatLeavesMeanwhileLosesItsLease) {
  get<Sent>(send("work"));
  const auto opened = get<queue::Opened>(queue::OpenSession{});
  const queue::Receipt lease = take(opened.session);
  fail_writes(kBroken);
  auto closed = ask(queue::CloseSession{opened.session, opened.generation, "{}", false});
  EXPECT_FALSE(is_ready(closed));
  heal();
  EXPECT_TRUE(std::holds_alternative<queue::Done>(closed.get()));
  EXPECT_FALSE(hand_over(lease));
}

TEST_F(FailingDisk, ASessionsEndThatTheFailureInterruptsComesTrueAfterwards) {
  get<Sent>(send("work"));
  const auto opened = get<queue::Opened>(queue::OpenSession{});
  const queue::Receipt lease = take(opened.session);
  disk([](Disk& d) { d.apply_error = d.open_error = kBroken; });
  EXPECT_TRUE(is_refused(queue::CloseSession{opened.session, opened.generation, "{}", false},
                         Refusal::kUnavailable));
  wait_until([&] { return disk_.refused > 0; });
  heal();
  EXPECT_FALSE(hand_over(lease));
}

TEST_F(FailingDisk, TheGenerationOfAResumedSessionSurvives) {
  get<Sent>(send("work"));
  const auto first = get<queue::Opened>(queue::OpenSession{});
  const queue::Receipt lease = take(first.session);
  const auto second = get<queue::Opened>(queue::OpenSession{first.session, {lease}});
  fail_writes(kBroken);
  heal();
  // The end of the old connection.
  EXPECT_TRUE(is_refused(insist(queue::CloseSession{first.session, first.generation, "{}", false}),
                         Refusal::kNoSession));
  EXPECT_TRUE(hand_over(lease));
  EXPECT_GT(second.generation, first.generation);
}

TEST_F(FailingDisk, WhatNoTimeCanCureIsReportedOnce) {
  disk([](Disk& d) {
    d.apply_error = kBroken;
    d.open_error = Error{ErrorCode::kCorruption, "damaged"};
  });
  (void)ask(send("lost"));
  EXPECT_EQ(failed_.get_future().get().code, ErrorCode::kCorruption);
}

TEST_F(FailingDisk, ItCanBeStoppedWhileItIsDown) {
  fail_writes(kBroken);
  broker_.reset();
}

// ---- before it comes to that

TEST_F(FailingDisk, WhenSpaceIsScarceNothingNewIsTakenAndAllElseGoesOn) {
  get<Sent>(send("kept"));
  room_.leave(900);
  EXPECT_TRUE(is_refused(send("new"), Refusal::kNoSpace));
  EXPECT_TRUE(is_refused(create("new"), Refusal::kNoSpace));
  EXPECT_EQ(get<queue::QueueInfo>(create("q")).visible, 1u);  // it is there already
  EXPECT_EQ(broker_->health().state, Health::State::kReadOnly);
  EXPECT_NE(broker_->health().reason.find("free some space"), std::string::npos);

  const auto session = get<queue::Opened>(queue::OpenSession{}).session;
  queue::HandOver command;
  command.items.push_back({.receipt = take(session), .outputs = {{"q", message("result")}}});
  EXPECT_TRUE(get<queue::ItemResults>(command).at(0));
  const auto got = get<Deliveries>(receive());
  ASSERT_EQ(got.size(), 1u);
  EXPECT_TRUE(get<queue::ItemResults>(queue::Delete{"q", {got[0].receipt}}).at(0));

  room_.leave(1500);
  EXPECT_TRUE(get<Sent>(send("new")).at(0));
  EXPECT_EQ(broker_->health().state, Health::State::kOk);
}

TEST_F(FailingDisk, WhenSpaceIsSpentTheReserveIsGivenUpAndOnlyWhatEndsGoesOn) {
  get<Sent>(send("work"));
  EXPECT_TRUE(room_.has_set_aside());
  const auto session = get<queue::Opened>(queue::OpenSession{}).session;
  const queue::Receipt lease = take(session);
  room_.leave(10);
  queue::HandOver command;
  command.items.push_back({.receipt = lease, .outputs = {{"q", message("result")}}});
  EXPECT_TRUE(is_refused(command, Refusal::kNoSpace));
  EXPECT_FALSE(room_.has_set_aside());
  room_.leave(5000);
  EXPECT_TRUE(get<queue::ItemResults>(command).at(0));  // the lease was kept meanwhile
  EXPECT_TRUE(room_.has_set_aside());
}

TEST_F(FailingDisk, AFullDiskReleasesTheReserveBeforeTheDataIsOpenedAnew) {
  EXPECT_TRUE(room_.has_set_aside());
  fail_writes(kFull);
  EXPECT_FALSE(room_.has_set_aside());
}

}  // namespace
}  // namespace selvage::broker
