// SPDX-License-Identifier: Apache-2.0
#include "auth/timestamp.h"

#include <gtest/gtest.h>

#include <utility>

namespace selvage::auth {
namespace {

constexpr Instant seconds(int64_t since_1970) {
  return from_micros(since_1970 * 1'000'000);
}

constexpr Instant kExample = seconds(1'440'938'160);  // 2015-08-30 12:36:00 UTC

TEST(Timestamp, BasicFormIsReadAndWritten) {
  EXPECT_EQ(read_basic_time("20150830T123600Z"), kExample);
  EXPECT_EQ(to_basic_time(kExample), "20150830T123600Z");
  EXPECT_EQ(read_basic_time("19700101T000000Z"), seconds(0));
  EXPECT_EQ(read_basic_time("20240229T235959Z"), seconds(1'709'251'199));
  EXPECT_EQ(to_basic_time(seconds(1'709'251'199)), "20240229T235959Z");
}

TEST(Timestamp, BasicFormIsExact) {
  for (const std::string_view wrong :
       {"", "20150830", "20150830T123600", "20150830T123600Z ", "20150830t123600Z",
        "2015-08-30T12:36:00Z", "20150231T000000Z", "20151301T000000Z", "20150830T240000Z",
        "20150830T126000Z", "2015083xT123600Z", "19691231T235959Z", "20150830T1236000Z"})
    EXPECT_EQ(read_basic_time(wrong), std::nullopt) << wrong;
}

TEST(Timestamp, DateHeaderIsReadInItsUsualSpellings) {
  for (const std::string_view text :
       {"Sun, 30 Aug 2015 12:36:00 GMT", "Sun, 30 Aug 2015 12:36:00 -0000",
        "Sun, 30 Aug 2015 12:36:00 +0000", "Sun, 30 Aug 2015 12:36:00 UTC"})
    EXPECT_EQ(read_http_date(text), kExample) << text;
  for (const std::string_view wrong :
       {"", "Sun, 30 Aug 2015 12:36:00", "Sun, 30 aug 2015 12:36:00 GMT",
        "Sun, 30 Aug 2015 12:36:00 +0100", "Sun, 31 Feb 2015 12:36:00 GMT",
        "Sunday, 30-Aug-15 12:36:00 GMT", "Sun, 3a Aug 2015 12:36:00 GMT"})
    EXPECT_EQ(read_http_date(wrong), std::nullopt) << wrong;
}

TEST(Timestamp, ExtendedFormKnowsDaysFractionsAndZones) {
  const std::pair<std::string_view, Instant> cases[] = {
      {"2015-08-30T12:36:00Z", kExample},     {"2015-08-30T12:36Z", kExample},
      {"2015-08-30T12:36:00.250Z", kExample}, {"2015-08-30T14:36:00+02:00", kExample},
      {"2015-08-30T07:06:00-0530", kExample}, {"2015-08-30T12:36:00", kExample},
      {"2015-08-30", seconds(1'440'892'800)},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(read_iso_time(text), expected) << text;
  for (const std::string_view wrong :
       {"", "2015", "2015-8-30", "2015-08-30T", "2015-08-30T12:36:00X", "2015-08-30T12:36:00+99:00",
        "20150830T123600Z"})
    EXPECT_EQ(read_iso_time(wrong), std::nullopt) << wrong;
  EXPECT_EQ(to_iso_time(kExample), "2015-08-30T12:36:00Z");
}

}  // namespace
}  // namespace selvage::auth
