// SPDX-License-Identifier: Apache-2.0
#include "auth/keys.h"

#include <gtest/gtest.h>

namespace selvage::auth {
namespace {

Key key_with(std::vector<Grant> grants) {
  return {"AKID", "secret", "", "", std::move(grants)};
}

struct GrantCase {
  std::string_view action;
  std::string_view queue;
  bool expected;
};

TEST(Grants, AllowTheirActionsOnTheirQueuesOnly) {
  const Key key = key_with({{{"SendMessage", "Get*"}, {"orders", "team-*", "q?.fifo"}},
                            {{"*"}, {"mine"}},
                            {{"Selvage.*"}, {"orders"}}});
  const GrantCase cases[] = {
      {"SendMessage", "orders", true},       {"sendmessage", "orders", true},
      {"SendMessage", "Orders", false},      {"SendMessage", "orders2", false},
      {"SendMessages", "orders", false},     {"GetQueueUrl", "team-", true},
      {"GetQueueUrl", "team-a.fifo", true},  {"GetQueueUrl", "steam-a", false},
      {"GetQueueUrl", "q1.fifo", true},      {"GetQueueUrl", "q12.fifo", false},
      {"ReceiveMessage", "orders", false},   {"ReceiveMessage", "mine", true},
      {"Selvage.HandOver", "orders", true},  {"Selvage.HandOver", "mine", true},
      {"Selvage.HandOver", "team-a", false}, {"ListQueues", "", false},
  };
  for (const GrantCase& one : cases)
    EXPECT_EQ(grants(key, one.action, one.queue), one.expected) << one.action << " " << one.queue;
}

TEST(Grants, OnlyAGrantForEveryQueueAllowsWhatNamesNone) {
  EXPECT_TRUE(grants(key_with({{{"ListQueues"}, {"*"}}}), "ListQueues", ""));
  EXPECT_TRUE(grants(key_with({{{"*"}, {"*"}}}), "ListQueues", ""));
  EXPECT_FALSE(grants(key_with({{{"*"}, {"?*"}}}), "ListQueues", ""));
  EXPECT_FALSE(grants(key_with({{{"SendMessage"}, {"*"}}}), "ListQueues", ""));
}

TEST(Grants, NoneAllowsNothing) {
  EXPECT_FALSE(grants(key_with({}), "SendMessage", "orders"));
  EXPECT_FALSE(grants(key_with({{{}, {"*"}}}), "SendMessage", "orders"));
  EXPECT_FALSE(grants(key_with({{{"*"}, {}}}), "SendMessage", "orders"));
}

TEST(Keyring, FindsAKeyByItsIdAndKeepsItForWhoHoldsIt) {
  std::shared_ptr<const Key> held;
  {
    const Keyring ring = Keyring::make({{"A", "1", "ann", "", {}}, {"B", "2", "", "", {}}}).value();
    EXPECT_FALSE(ring.empty());
    EXPECT_EQ(ring.find("C"), nullptr);
    EXPECT_EQ(ring.find("a"), nullptr);
    EXPECT_EQ(ring.find("B")->user(), "B");
    held = ring.find("A");
  }
  EXPECT_EQ(held->user(), "ann");
  EXPECT_EQ(held->secret, "1");
  EXPECT_TRUE(Keyring().empty());
}

TEST(Keyring, RefusesKeysThatCannotBeMeant) {
  const std::pair<std::vector<Key>, std::string_view> cases[] = {
      {{{"", "s", "", "", {}}}, "the key id '' is not made of letters, digits, '-', '_' and '.'"},
      {{{"a/b", "s", "", "", {}}},
       "the key id 'a/b' is not made of letters, digits, '-', '_' and '.'"},
      {{{"A", "", "", "", {}}}, "the key 'A' has no secret"},
      {{{"A", "topsecret", "", "", {}}, {"A", "other", "", "", {}}}, "the key 'A' is given twice"},
  };
  for (const auto& [keys, sentence] : cases) {
    const auto ring = Keyring::make(keys);
    ASSERT_FALSE(ring);
    EXPECT_EQ(ring.error().code, ErrorCode::kSettings);
    EXPECT_EQ(ring.error().message, sentence);
  }
}

}  // namespace
}  // namespace selvage::auth
