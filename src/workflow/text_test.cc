// SPDX-License-Identifier: Apache-2.0
// The small readers below check(): lengths of time, numbers, command lines, likenesses.
#include <gtest/gtest.h>

#include "workflow/command.h"
#include "workflow/print.h"
#include "workflow/suggest.h"
#include "workflow/units.h"

namespace selvage::workflow {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

TEST(Units, DurationsAreSumsOfUnits) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("2d4h6m8s10ms12us"), 52h + 6min + 8s + 10ms + 12us);
  EXPECT_EQ(parse_duration("0s"), 0s);
  EXPECT_EQ(parse_duration("90s"), 90s);
}

TEST(Units, WhatIsNoDurationIsRefused) {
  for (const char* text : {"", "s", "-1s", "1.5h", "1m1h", "1s1s", "1h 30m 5", "1S2", "1e3s", "5M5",
                           "99999999999999999999s", "999999999d", "1 s s", "ms", "1,5s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Units, WhatIsPlainlyMeantIsSuggested) {
  EXPECT_EQ(parse_duration("60").error().suggestion, "write 60s");
  EXPECT_EQ(parse_duration("60 s").error().suggestion, "write 60s");
  EXPECT_EQ(parse_duration("1H 30M").error().suggestion, "write 1h30m");
}

TEST(Units, PrintedDurationsReadBackTheSame) {
  for (const Duration duration :
       {Duration(0us), Duration(1us), Duration(250ms), Duration(1500ms), Duration(30s),
        Duration(90s), Duration(10min), Duration(90min), Duration(24h), Duration(49h + 1us)}) {
    EXPECT_EQ(parse_duration(print_duration(duration)), duration) << print_duration(duration);
  }
  EXPECT_EQ(print_duration(250ms), "250ms");
  EXPECT_EQ(print_duration(30s), "30s");
  EXPECT_EQ(print_duration(10min), "10m");
  EXPECT_EQ(print_duration(90min), "1h30m");
  EXPECT_EQ(print_duration(0s), "0s");
}

TEST(Units, RangesHaveTwoEnds) {
  const auto range = parse_duration_range("200ms..1m30s");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->low, 200ms);
  EXPECT_EQ(range->high, 90s);
  EXPECT_TRUE(parse_duration_range("5s..5s"));
  for (const char* text : {"", "..", "5s", "5s..", "..5s", "5s...6s", "5s-6s", "6s..5s", "5..6s"}) {
    EXPECT_FALSE(parse_duration_range(text)) << text;
  }
}

TEST(Units, CountsArePlainDecimalNumbers) {
  EXPECT_EQ(parse_count("0"), 0);
  EXPECT_EQ(parse_count("999999999"), 999'999'999);
  for (const char* text :
       {"", "012", "00", "0x10", "1_000", "1e3", "1.0", "+1", "-1", " 1", "no", "9999999999"}) {
    EXPECT_FALSE(parse_count(text)) << text;
  }
}

TEST(Command, WordsAreSplitLikeAShellDoes) {
  EXPECT_EQ(split_command("a  b\tc\n"), (Words{"a", "b", "c"}));
  EXPECT_EQ(split_command("a 'b c' \"d e\"f"), (Words{"a", "b c", "d ef"}));
  EXPECT_EQ(split_command(R"(a\ b \'c "\"x\\" "\n" '\n')"),
            (Words{"a b", "'c", "\"x\\", "\\n", "\\n"}));
  EXPECT_EQ(split_command("a '' \"\""), (Words{"a", "", ""}));
  EXPECT_EQ(split_command("  "), Words{});
}

TEST(Command, WhatIsQuotedNeedsNoShell) {
  EXPECT_EQ(split_command("a '|><&;$`' \"|><&;\" \\| \\$x \"\\$x\""),
            (Words{"a", "|><&;$`", "|><&;", "|", "$x", "$x"}));
}

TEST(Command, WhatNeedsAShellIsRefused) {
  for (const char* text : {"a | b", "a > b", "a < b", "a &", "a && b", "a; b", "a $b", "a `b`",
                           "a \"$b\"", "a \"`b`\""}) {
    const auto words = split_command(text);
    ASSERT_FALSE(words) << text;
    EXPECT_TRUE(words.error().suggestion.starts_with("write [sh, -c, \"a")) << text;
  }
}

TEST(Command, OpenQuotesAreRefused) {
  for (const char* text : {"a 'b", "a \"b", "a \"b\\", "a \\"}) {
    EXPECT_FALSE(split_command(text)) << text;
  }
}

TEST(Suggest, OneMistakeInThreeLettersIsALikeness) {
  constexpr std::string_view kKeys[] = {"from", "to", "deadline", "workers", "min", "max"};
  EXPECT_EQ(closest("form", kKeys), "from");       // swapped
  EXPECT_EQ(closest("fron", kKeys), "from");       // changed
  EXPECT_EQ(closest("worker", kKeys), "workers");  // dropped
  EXPECT_EQ(closest("dead-line", kKeys), "deadline");
  EXPECT_EQ(closest("mim", kKeys), "min");
  EXPECT_EQ(closest("xy", kKeys), "");
  EXPECT_EQ(closest("banana", kKeys), "");
  EXPECT_EQ(closest("", kKeys), "");
  EXPECT_EQ(closest(std::string(1'000'000, 'x'), kKeys), "");
}

}  // namespace
}  // namespace selvage::workflow
