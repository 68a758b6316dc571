// SPDX-License-Identifier: Apache-2.0
#include "runner/steps.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

namespace selvage::runner {

std::ostream& operator<<(std::ostream& out, const Situation& s) {
  const auto flag = [&](bool set, const char* name) { out << (set ? "" : "not ") << name << ", "; };
  flag(s.joined, "joined");
  flag(s.joining, "joining");
  flag(s.polling, "polling");
  flag(s.busy, "busy");
  flag(s.ready, "ready");
  flag(s.settled, "settled");
  flag(s.draining, "draining");
  return out << s.in_hand << " in hand of " << s.batch;
}

namespace {

// Every combination of the flags, with each number in hand that may make a difference.
std::vector<Situation> every_situation() {
  std::vector<Situation> all;
  constexpr unsigned kFlags = 7;
  for (const size_t batch : {1, 2, 10})
    for (const size_t in_hand : {0, 1, 2, 5, 6, 10, 15})
      for (unsigned bits = 0; bits < 1u << kFlags; ++bits) {
        const auto flag = [bits](unsigned n) { return (bits >> n & 1) != 0; };
        all.push_back({.joined = flag(0),
                       .joining = flag(1),
                       .polling = flag(2),
                       .busy = flag(3),
                       .ready = flag(4),
                       .settled = flag(5),
                       .draining = flag(6),
                       .in_hand = in_hand,
                       .batch = batch});
      }
  return all;
}

bool nothing_left(const Situation& s) {
  return !s.busy && s.settled && s.in_hand == 0;
}

// A row of the table in steps.h: which situations it is for, and what it says of them.
struct Row {
  const char* name;
  bool (*applies)(const Situation&);
  Steps (*says)(const Situation&);
};
constexpr Row kTable[] = {
    {"draining, nothing left", [](const Situation& s) { return s.draining && nothing_left(s); },
     [](const Situation&) { return Steps{.leave = true}; }},
    {"not joined", [](const Situation& s) { return !s.joined && !(s.draining && nothing_left(s)); },
     [](const Situation& s) { return Steps{.join = !s.joining}; }},
    {"joined, not draining, one at a time",
     [](const Situation& s) { return s.joined && !s.draining && s.batch == 1; },
     [](const Situation& s) {
       return Steps{.poll = s.ready && !s.polling && !s.busy && s.in_hand == 0,
                    .start = s.ready && !s.busy && s.in_hand > 0};
     }},
    {"joined, not draining, several at a time",
     [](const Situation& s) { return s.joined && !s.draining && s.batch > 1; },
     [](const Situation& s) {
       return Steps{.poll = s.ready && !s.polling && 2 * s.in_hand <= s.batch,
                    .start = s.ready && !s.busy && s.in_hand > 0};
     }},
    {"joined, draining, something left",
     [](const Situation& s) { return s.joined && s.draining && !nothing_left(s); },
     [](const Situation& s) { return Steps{.give_back = s.in_hand > 0}; }},
};

TEST(Steps, EverySituationIsDecidedByExactlyOneRowOfTheTable) {
  for (const Situation& s : every_situation()) {
    int rows = 0;
    for (const Row& row : kTable) {
      if (!row.applies(s)) continue;
      ++rows;
      EXPECT_EQ(decide(s), row.says(s)) << row.name << ": " << s;
    }
    EXPECT_EQ(rows, 1) << s;
  }
}

TEST(Steps, NoMessageIsTakenThatCouldNotBeWorkedOn) {
  for (const Situation& s : every_situation()) {
    const Steps steps = decide(s);
    if (!s.joined || s.draining || !s.ready) {
      EXPECT_FALSE(steps.poll || steps.start) << s;
    }
  }
}

TEST(Steps, ProgramNeverGetsASecondMessage) {
  for (const Situation& s : every_situation())
    if (s.busy || s.in_hand == 0) {
      EXPECT_FALSE(decide(s).start) << s;
    }
}

TEST(Steps, NothingIsBegunTwice) {
  for (const Situation& s : every_situation()) {
    if (s.joining) {
      EXPECT_FALSE(decide(s).join) << s;
    }
    if (s.polling) {
      EXPECT_FALSE(decide(s).poll) << s;
    }
  }
}

TEST(Steps, NobodyLeavesWithSomethingInHand) {
  for (const Situation& s : every_situation())
    if (decide(s).leave) {
      EXPECT_TRUE(s.draining && nothing_left(s)) << s;
      EXPECT_EQ(decide(s), Steps{.leave = true}) << s;
    }
}

// Whoever waits for nothing and does nothing would stand still for ever.
TEST(Steps, IdleRunnerAlwaysHasSomethingToDo) {
  for (const Situation& s : every_situation()) {
    const bool waits = s.joining || s.polling || s.busy || !s.ready || !s.settled;
    if (!waits) {
      EXPECT_NE(decide(s), Steps{}) << s;
    }
  }
}

}  // namespace
}  // namespace selvage::runner
