// SPDX-License-Identifier: Apache-2.0
#include "app/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

namespace selvage::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class Settings : public testing::Test {
 protected:
  Settings() {
    std::string pattern = std::filesystem::temp_directory_path() / "selvage-settings-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~Settings() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& text) {
    const std::string path = folder_ + "/s.yaml";
    std::ofstream(path) << text;
    return path;
  }
  Result<Resolved> read() {
    return resolve(line_, [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables_.find(name);
      return found == variables_.end() ? std::nullopt : std::optional(found->second);
    });
  }
  // The sentence about what is wrong, without the folder.
  std::string complaint() {
    const auto resolved = read();
    if (resolved) return "all is well";
    EXPECT_EQ(resolved.error().code, ErrorCode::kSettings);
    const std::string& text = resolved.error().message;
    const size_t at = text.find(folder_);
    return at == std::string::npos ? text
                                   : text.substr(0, at) + text.substr(at + folder_.size() + 1);
  }

  std::string folder_;
  CommandLine line_;
  std::map<std::string, std::string> variables_;
};

TEST_F(Settings, WithNothingGivenTheDefaultsCount) {
  const auto resolved = read();
  ASSERT_TRUE(resolved);
  EXPECT_THAT(resolved->given, IsEmpty());
  EXPECT_EQ(resolved->settings.listen, "127.0.0.1:9324");
  EXPECT_EQ(resolved->settings.durability, Durability::kFsync);
}

TEST_F(Settings, AFlagCountsMoreThanTheEnvironmentAndThatMoreThanTheFile) {
  line_.config = file("region: from-file\naccount: \"000000000001\"\nlisten: 127.0.0.1:1\n");
  variables_ = {{"SELVAGE_REGION", "from-environment"}, {"SELVAGE_LISTEN", "127.0.0.1:2"}};
  line_.given = {{"listen", "127.0.0.1:3"}};
  const auto resolved = read();
  ASSERT_TRUE(resolved) << resolved.error().message;
  EXPECT_EQ(resolved->settings.account, "000000000001");
  EXPECT_EQ(resolved->settings.region, "from-environment");
  EXPECT_EQ(resolved->settings.listen, "127.0.0.1:3");
  EXPECT_EQ(resolved->given.size(), 3u);
}

TEST_F(Settings, EachIsReadFromItsTextAndPrintedAsIt) {
  const std::map<std::string, std::string> all = {
      {"data", "d"},          {"listen", "h:1"},         {"durability", "os"},
      {"threads", "256"},     {"metrics-listen", "h:2"}, {"drain-delay", "1m30s"},
      {"log", "json"},        {"log-level", "error"},    {"credentials", "c"},
      {"tls-cert", "t"},      {"tls-key", "k"},          {"public-url", "http://x"},
      {"region", "r"},        {"account", "1"},          {"aws-timers", "true"},
      {"accept-loss", "true"}};
  std::string text;
  for (const auto& [name, value] : all) text += name + ": \"" + value + "\"\n";
  line_.config = file(text);
  const auto resolved = read();
  ASSERT_TRUE(resolved) << resolved.error().message;
  std::map<std::string, std::string> printed;
  for (const Setting& setting : settings_table())
    printed.emplace(setting.name, setting.print(resolved->settings));
  EXPECT_EQ(printed, all);
}

TEST_F(Settings, TheFileMayBeNamedByTheEnvironment) {
  variables_ = {{"SELVAGE_CONFIG", file("threads: 7\n")}};
  EXPECT_EQ(read()->settings.threads, 7);
}

TEST_F(Settings, AnEmptyFileSetsNothing) {
  line_.config = file("# later\n");
  EXPECT_THAT(read()->given, IsEmpty());
}

TEST_F(Settings, WhatIsWrongInTheFileIsNamedWithItsPlace) {
  const std::map<std::string, std::string> wrong = {
      {"threads: 1\nlisen: x\n", "s.yaml:2:1: 'lisen' is not a setting (did you mean 'listen'?)"},
      {"colour: red\n", "s.yaml:1:1: 'colour' is not a setting; the settings are: data, listen, "},
      {"threads: 1\nthreads: 2\n", "s.yaml:2:1: threads stands here for the second time"},
      {"threads: many\n", "s.yaml:1:1: threads must be a number from 0 to 256, not 'many'"},
      {"threads: [1]\n", "s.yaml:1:1: threads needs one value"},
      {"threads:\n", "s.yaml:1:1: threads needs one value"},
      {"- threads\n", "s.yaml:1:1: must be lines such as 'listen: 127.0.0.1:9324'"},
      {"a: \"\n", "s.yaml:"},
  };
  for (const auto& [text, sentence] : wrong) {
    line_.config = file(text);
    EXPECT_THAT(complaint(), testing::StartsWith(sentence));
  }
}

TEST_F(Settings, AFileThatIsNotThereIsNamed) {
  line_.config = folder_ + "/none.yaml";
  EXPECT_EQ(complaint(), "cannot read none.yaml: No such file or directory");
}

TEST_F(Settings, AValueThatDoesNotFitIsNamedByWhereItStands) {
  variables_ = {{"SELVAGE_AWS_TIMERS", "maybe"}};
  EXPECT_EQ(complaint(), "SELVAGE_AWS_TIMERS must be true or false, not 'maybe'");
  line_.given = {{"aws-timers", "false"}, {"durability", "paper"}};
  EXPECT_EQ(complaint(), "--durability must be fsync, os or memory, not 'paper'");
  for (const char* threads : {"-1", "257", "1x", ""}) {
    line_.given = {{"aws-timers", "false"}, {"threads", threads}};
    EXPECT_THAT(complaint(), HasSubstr("--threads must be a number from 0 to 256"));
  }
  for (const char* delay : {"2h", "5", "soon"}) {
    line_.given = {{"aws-timers", "false"}, {"drain-delay", delay}};
    EXPECT_THAT(complaint(), HasSubstr("--drain-delay must be a time of at most 1h"));
  }
  line_.given = {{"aws-timers", "false"}, {"log", "xml"}};
  EXPECT_THAT(complaint(), HasSubstr("--log must be human or json"));
  line_.given = {{"aws-timers", "false"}, {"log-level", "loud"}};
  EXPECT_THAT(complaint(), HasSubstr("--log-level must be debug, info, warn or error"));
}

TEST_F(Settings, AMisspeltVariableIsNoticedAndTheRuntimesAreLeftAlone) {
  EXPECT_THAT(misspelt({"SELVAGE_LISEN", "SELVAGE_DATA", "SELVAGE_CONFIG", "SELVAGE_MESSAGE_ID",
                        "SELVAGE_STAGE", "SELVAGE_QUEUE", "SELVAGE_WORKER", "SELVAGE_ATTEMPT",
                        "SELVAGE_IN", "SELVAGE_OUT", "SELVAGE_DEADLINE_MS", "HOME"}),
              ElementsAre(Pair("SELVAGE_LISEN", "SELVAGE_LISTEN")));
}

TEST_F(Settings, TheTableIsSound) {
  std::set<std::string_view> names;
  for (const Setting& setting : settings_table()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name << " is there twice";
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    EXPECT_EQ(setting.help.find_first_of("|\n"), std::string_view::npos) << setting.name;
    EXPECT_THAT(settings_reference(), HasSubstr("| `--" + std::string(setting.name)));
    EXPECT_THAT(settings_reference(), HasSubstr("`" + environment_name(setting) + "`"));
  }
}

}  // namespace
}  // namespace selvage::app
