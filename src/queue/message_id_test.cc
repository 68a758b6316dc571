// SPDX-License-Identifier: Apache-2.0
// Ids that say where a message was put, and tokens that say which lease came first.
#include "queue/message_id.h"

#include <gtest/gtest.h>

#include <set>

#include "base/clock.h"
#include "queue/message.h"

namespace selvage::queue {
namespace {

TEST(MessageIds, AnIdTellsThePlaceItWasMadeFor) {
  SeededRandom random(3);
  for (const uint64_t place :
       {uint64_t{1}, uint64_t{2}, uint64_t{1} << 40, (uint64_t{1} << 62) - 1})
    for (int i = 0; i < 100; ++i)
      EXPECT_EQ(place_of(make_message_id(Seq{place}, random.next())), Seq{place});
}

TEST(MessageIds, AnIdIsAUuidOfVersionFour) {
  SeededRandom random(3);
  for (uint64_t place = 1; place < 100; ++place) {
    const std::string text = make_message_id(Seq{place}, random.next()).to_string();
    EXPECT_EQ(text[14], '4') << text;
    EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
    EXPECT_EQ(place_of(*Uuid::parse(text)), Seq{place});
  }
}

TEST(MessageIds, NeighboursHaveNothingInCommon) {
  SeededRandom random(3);
  std::set<std::string> heads, tails;
  for (uint64_t place = 1; place <= 1000; ++place) {
    const std::string text = make_message_id(Seq{place}, random.next()).to_string();
    heads.insert(text.substr(0, 8));
    tails.insert(text.substr(24));
  }
  EXPECT_GE(heads.size(), 999u);
  EXPECT_GE(tails.size(), 999u);
}

TEST(LeaseTokens, AnEarlierOneOfTheSameMessagePrecedesALaterOneAndNotTheReverse) {
  SeededRandom random(3);
  const LeaseToken first = next_token({}, random.next());
  const LeaseToken second = next_token(first, random.next());
  const LeaseToken third = next_token(second, random.next());
  EXPECT_TRUE(precedes(first, third));
  EXPECT_TRUE(precedes(third, third));
  EXPECT_FALSE(precedes(third, first));
}

TEST(LeaseTokens, NoneAndOthersPrecedeNothing) {
  SeededRandom random(3);
  const LeaseToken token = next_token({}, random.next());
  EXPECT_FALSE(precedes({}, token));
  EXPECT_FALSE(precedes(token, {}));
  EXPECT_FALSE(precedes({}, {}));
  EXPECT_FALSE(precedes(next_token({}, random.next()), token));
}

TEST(LeaseTokens, ACountThatIsFullBeginsAnewAndIsNeverGivenTwice) {
  SeededRandom random(3);
  const LeaseToken last{(random.next() | 0xFFFFFF)};
  const LeaseToken next = next_token(last, random.next());
  EXPECT_NE(next, last);
  EXPECT_FALSE(precedes(last, next));
  EXPECT_TRUE(static_cast<bool>(next_token({}, 0)));
}

}  // namespace
}  // namespace selvage::queue
