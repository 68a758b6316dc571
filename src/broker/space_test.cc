// SPDX-License-Identifier: Apache-2.0
#include "broker/space.h"

#include <gtest/gtest.h>

#include "broker/virtual_room.h"

namespace selvage::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kReserve = 1000;
constexpr SpaceOptions kOptions{.reserve_bytes = kReserve, .interval_bytes = 100};

class SpaceGuards : public ::testing::Test {
 protected:
  Space look(uint64_t free) {
    room_.leave(free);
    guard_.look(now_);
    return guard_.level();
  }

  VirtualRoom room_;
  SpaceGuard guard_{&room_, kOptions};
  Instant now_ = from_micros(1'700'000'000'000'000);
};

queue::NewMessage message(uint32_t size) {
  return {.payload = "x", .size = size, .delay = {}, .artifact = {}};
}

queue::Command hand_over(bool with_output) {
  queue::HandOver command{{{.receipt = {}, .outputs = {}}}};
  if (with_output) command.items[0].outputs.push_back({"out", message(1)});
  return command;
}

TEST(Space, WhatIsDecidedAtEachLevel) {
  struct Row {
    const char* name;
    queue::Command command;
    bool scarce, spent;
  };
  for (const auto& [name, command, scarce, spent] : {
           Row{"Send", queue::Send{}, false, false},
           Row{"StartMove", queue::StartMove{}, false, false},
           Row{"hand-over with output", hand_over(true), true, false},
           Row{"hand-over without", hand_over(false), true, true},
           Row{"Receive", queue::Receive{}, true, true},
           Row{"Delete", queue::Delete{}, true, true},
           Row{"ChangeVisibility", queue::ChangeVisibility{}, true, true},
           Row{"Return", queue::Return{}, true, true},
           Row{"Fail", queue::Fail{}, true, true},
           Row{"OpenSession", queue::OpenSession{}, true, true},
           Row{"CloseSession", queue::CloseSession{}, true, true},
           Row{"PurgeQueue", queue::PurgeQueue{}, true, true},
           Row{"DeleteQueue", queue::DeleteQueue{}, true, true},
           Row{"SetQueue", queue::SetQueue{}, true, true},
           Row{"GetQueue", queue::GetQueue{}, true, true},
       }) {
    EXPECT_TRUE(is_admitted(command, Space::kAmple, true)) << name;
    EXPECT_EQ(is_admitted(command, Space::kScarce, true), scarce) << name;
    EXPECT_EQ(is_admitted(command, Space::kSpent, true), spent) << name;
  }
  EXPECT_FALSE(is_admitted(queue::CreateQueue{}, Space::kScarce, true));
  EXPECT_TRUE(is_admitted(queue::CreateQueue{}, Space::kSpent, false));
}

TEST_F(SpaceGuards, EachWayBackIsFartherThanTheWayThere) {
  EXPECT_EQ(look(1000), Space::kAmple);
  EXPECT_EQ(look(999), Space::kScarce);
  EXPECT_EQ(look(1499), Space::kScarce);
  EXPECT_EQ(look(1500), Space::kAmple);
  EXPECT_EQ(look(499), Space::kSpent);
  EXPECT_EQ(look(749), Space::kSpent);
  EXPECT_EQ(look(750), Space::kScarce);
  EXPECT_EQ(look(500), Space::kScarce);
  EXPECT_EQ(look(0), Space::kSpent);
  EXPECT_EQ(look(1500), Space::kAmple);
}

TEST_F(SpaceGuards, WhatWasSetAsideIsThereWhileSpaceIsAmpleAndGivenUpWhenItIsSpent) {
  look(2000);
  EXPECT_TRUE(room_.has_set_aside());
  look(600);
  EXPECT_TRUE(room_.has_set_aside());
  look(400);
  EXPECT_FALSE(room_.has_set_aside());
  look(900);
  EXPECT_FALSE(room_.has_set_aside());
  look(1500);
  EXPECT_TRUE(room_.has_set_aside());
}

TEST_F(SpaceGuards, AWriteThatFoundNoSpaceCountsMoreThanWhatTheRoomSays) {
  look(2000);
  guard_.found_full();
  EXPECT_EQ(guard_.level(), Space::kSpent);
  EXPECT_FALSE(room_.has_set_aside());
}

TEST_F(SpaceGuards, LookAfterASecondOrAfterSoManyBytes) {
  look(2000);
  room_.leave(900);
  EXPECT_FALSE(guard_.look_if_due(now_ + milliseconds(999)));
  guard_.took(99);
  EXPECT_FALSE(guard_.look_if_due(now_ + milliseconds(999)));
  guard_.took(1);
  EXPECT_TRUE(guard_.look_if_due(now_ + milliseconds(999)));
  EXPECT_FALSE(guard_.look_if_due(now_ + milliseconds(1998)));
  room_.leave(2000);
  EXPECT_TRUE(guard_.look_if_due(now_ + milliseconds(1999)));
}

TEST_F(SpaceGuards, ARoomThatCannotBeAskedChangesNothing) {
  look(900);
  room_.leave(std::nullopt);
  EXPECT_FALSE(guard_.look(now_));
  EXPECT_EQ(guard_.level(), Space::kScarce);
}

TEST_F(SpaceGuards, TheReasonSaysHowMuchIsLeftAndWhatToDo) {
  EXPECT_EQ(look(2000), Space::kAmple);
  EXPECT_EQ(guard_.reason(), "");
  SpaceGuard large(&room_, {.reserve_bytes = 256 << 20});
  room_.leave(100 << 20);
  large.look(now_);
  EXPECT_EQ(large.reason(),
            "the virtual room has 100.0 MiB left, less than the reserve of 256.0 MiB: messages are "
            "delivered and deleted, but no new ones are taken; free some space, or let consumers "
            "drain the queues (it goes on by itself from 384.0 MiB on)");
}

TEST(Space, WithoutARoomItNeverEnds) {
  SpaceGuard guard(nullptr, {});
  guard.took(UINT64_MAX / 2);
  EXPECT_FALSE(guard.look_if_due(from_micros(1)));
  guard.found_full();
  EXPECT_EQ(guard.level(), Space::kAmple);
  EXPECT_EQ(guard.next_look(), kNever);
}

TEST(Space, BytesAreThoseOfMessages) {
  EXPECT_EQ(bytes_of(queue::Send{"q", {message(10), message(20)}}), 30u);
  EXPECT_EQ(bytes_of(hand_over(true)), 1u);
  EXPECT_EQ(bytes_of(queue::Receive{}), 0u);
}

}  // namespace
}  // namespace selvage::broker
