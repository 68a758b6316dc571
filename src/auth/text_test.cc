// SPDX-License-Identifier: Apache-2.0
#include "auth/text.h"

#include <gtest/gtest.h>

#include <string>

namespace selvage::auth {
namespace {

struct WildcardCase {
  std::string_view pattern;
  std::string_view text;
  bool expected;
};

TEST(Wildcards, FitTheWholeTextAndNothingLess) {
  const WildcardCase cases[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "anything", true},
      {"?", "", false},
      {"?", "a", true},
      {"?", "ab", false},
      {"abc", "abc", true},
      {"abc", "abcd", false},
      {"abc", "ab", false},
      {"Get*", "Get", true},
      {"Get*", "GetQueueUrl", true},
      {"Get*", "get", false},
      {"a*b*c", "abc", true},
      {"a*b*c", "axxbyybzzc", true},
      {"a*b*c", "axxcyy", false},
      {"*.fifo", "a.fifo", true},
      {"*.fifo", "a.fifo.x", false},
      {"a**", "a", true},
      {"?*", "", false},
      {"q-??", "q-12", true},
      {"q-??", "q-1", false},
      {"[a]", "a", false},
      {"\\*", "*", false},
  };
  for (const WildcardCase& one : cases)
    EXPECT_EQ(fits(one.pattern, one.text), one.expected) << one.pattern << " on " << one.text;
}

TEST(Wildcards, CanIgnoreTheCase) {
  EXPECT_TRUE(fits("SQS:send*", "sqs:SendMessage", Case::kIgnored));
  EXPECT_FALSE(fits("SQS:send*", "sqs:ReceiveMessage", Case::kIgnored));
}

TEST(Wildcards, ManyStarsDoNotTakeForever) {
  std::string pattern;
  for (int i = 0; i < 2'000; ++i) pattern += "*a";
  EXPECT_FALSE(fits(pattern + "b", std::string(5'000, 'a')));
}

TEST(Text, IsCutAtTheFirstSeparatorOrAtEach) {
  EXPECT_EQ(cut("a=b=c", '='), (std::pair<std::string_view, std::string_view>("a", "b=c")));
  EXPECT_EQ(cut("a", '='), (std::pair<std::string_view, std::string_view>("a", "")));
  EXPECT_EQ(split("a::c", ':'), (std::vector<std::string_view>{"a", "", "c"}));
  EXPECT_EQ(split("a:b:c", ':', 2), (std::vector<std::string_view>{"a", "b:c"}));
  EXPECT_EQ(split("", ':'), (std::vector<std::string_view>{""}));
  EXPECT_EQ(trim(" \t a b \t"), "a b");
  EXPECT_EQ(trim(" \t"), "");
}

}  // namespace
}  // namespace selvage::auth
