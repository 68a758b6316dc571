// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace selvage {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr Instant kAt = from_micros(1'700'000'000'123'456);

std::string written(LogFormat format, std::string_view text, LogFields fields = {}) {
  return format_log(format, {kAt, LogLevel::kWarn, "broker", 42, text}, fields);
}

TEST(Log, PeopleReadTimeLevelRoleTextAndFields) {
  EXPECT_THAT(written(LogFormat::kHuman, "it is late", {{"queue", "a"}, {"seconds", 5}}),
              EndsWith(".123 warn  broker: it is late  queue=a seconds=5\n"));
}

TEST(Log, ProgramsReadOneJsonObject) {
  EXPECT_EQ(written(LogFormat::kJson, "it is late", {{"queue", "a"}, {"seconds", -5}}),
            R"({"time":"2023-11-14T22:13:20.123456Z","level":"warn","role":"broker","pid":42,)"
            R"("message":"it is late","queue":"a","seconds":-5})"
            "\n");
}

TEST(Log, JsonStaysOneLineWhateverTheText) {
  EXPECT_THAT(written(LogFormat::kJson, "a\n\"b\"\\\x01"),
              EndsWith("\"message\":\"a\\u000a\\\"b\\\"\\\\\\u0001\"}\n"));
}

TEST(Log, JsonKeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_THAT(written(LogFormat::kJson, "caf\xc3\xa9 \xf0\x9f\x98\x80"),
              HasSubstr("caf\xc3\xa9 \xf0\x9f\x98\x80\""));
  // A lone byte, a cut character, one written too long, half of a surrogate pair.
  for (const char* broken : {"\xff", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
    const std::string line = written(LogFormat::kJson, broken);
    EXPECT_THAT(line, HasSubstr("\"message\":\"\\ufffd"));
    EXPECT_THAT(line, Not(HasSubstr(broken)));
  }
}

TEST(Log, ALevelIsKnownByItsName) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError})
    EXPECT_EQ(parse_log_level(log_level_name(level)), level);
  EXPECT_EQ(parse_log_level("loud"), std::nullopt);
}

class LogLine : public testing::Test {
 protected:
  void TearDown() override {
    set_log_format(LogFormat::kHuman);
    set_log_level(LogLevel::kInfo);
  }
};

TEST_F(LogLine, BelowTheLevelIsDropped) {
  set_log_level(LogLevel::kWarn);
  testing::internal::CaptureStderr();
  log_info("quiet");
  log_event(LogLevel::kInfo, "quiet", {});
  log_warn("loud {}", 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), EndsWith(": loud 1\n"));
}

TEST_F(LogLine, IsWrittenInTheFormatThatWasSet) {
  set_log_format(LogFormat::kJson);
  testing::internal::CaptureStderr();
  log_event(LogLevel::kError, "no", {{"why", "because"}});
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_THAT(line, testing::StartsWith("{\"time\":\""));
  EXPECT_THAT(line, EndsWith(",\"message\":\"no\",\"why\":\"because\"}\n"));
}

}  // namespace
}  // namespace selvage
