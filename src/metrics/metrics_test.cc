// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>
#include <regex>
#include <set>
#include <thread>

#include "metrics/text.h"

namespace selvage::metrics {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

std::string text(void (*write_it)(Text&)) {
  std::string out;
  Text writer(out);
  write_it(writer);
  return out;
}

TEST(MetricsTable, NamesFollowTheConventions) {
  std::set<std::string_view> names;
  const std::regex form("(selvage|process)(_[a-z]+)+");
  for (const Metric& m : table()) {
    EXPECT_TRUE(names.insert(m.name).second) << m.name << " is there twice";
    EXPECT_TRUE(std::regex_match(std::string(m.name), form)) << m.name;
    EXPECT_EQ(m.kind == Kind::kCounter, m.name.ends_with("_total")) << m.name;
    EXPECT_FALSE(m.help.empty()) << m.name;
    EXPECT_EQ(m.help.find_first_of("\\\n|"), std::string_view::npos) << m.name;
    EXPECT_TRUE(m.help.ends_with('.')) << m.name;
  }
}

TEST(MetricsTable, TheReferenceHasALineForEach) {
  const std::string page = reference();
  for (const Metric& m : table()) EXPECT_THAT(page, HasSubstr("| `" + std::string(m.name) + "` |"));
}

TEST(MetricsText, AFamilyHasHelpTypeAndSamples) {
  EXPECT_EQ(text([](Text& out) {
              out.family(Id::kQueueVisible);
              out.sample({{"queue", "orders"}}, uint64_t{7});
            }),
            "# HELP selvage_queue_messages_visible Messages that can be received now.\n"
            "# TYPE selvage_queue_messages_visible gauge\n"
            "selvage_queue_messages_visible{queue=\"orders\"} 7\n");
}

TEST(MetricsText, LabelValuesAreEscaped) {
  EXPECT_THAT(text([](Text& out) {
                out.family(Id::kBuildInfo);
                out.sample({{"version", "a\"b\\c\nd\xc3\xa9"}}, uint64_t{1});
              }),
              HasSubstr("{version=\"a\\\"b\\\\c\\nd\xc3\xa9\"} 1\n"));
}

TEST(MetricsText, ASampleWithoutLabelsHasNoBraces) {
  EXPECT_THAT(text([](Text& out) { out.only(Id::kProcessCpu, 1.5); }),
              HasSubstr("\nprocess_cpu_seconds_total 1.5\n"));
}

TEST(MetricsHistogram, ABoundBelongsToItsBucketAndBucketsAddUp) {
  Commits commits;
  for (const uint64_t size : {1, 2, 3, 10'000, 10'001}) commits.answers.observe(size);
  std::string out;
  Text writer(out);
  write(writer, commits);
  EXPECT_THAT(out, HasSubstr("selvage_commit_answers_bucket{le=\"1\"} 1\n"));
  EXPECT_THAT(out, HasSubstr("selvage_commit_answers_bucket{le=\"2\"} 2\n"));
  EXPECT_THAT(out, HasSubstr("selvage_commit_answers_bucket{le=\"5\"} 3\n"));
  EXPECT_THAT(out, HasSubstr("selvage_commit_answers_bucket{le=\"5000\"} 3\n"));
  EXPECT_THAT(out, HasSubstr("selvage_commit_answers_bucket{le=\"10000\"} 4\n"));
  EXPECT_THAT(out, HasSubstr("selvage_commit_answers_bucket{le=\"+Inf\"} 5\n"));
  EXPECT_THAT(out, HasSubstr("selvage_commit_answers_sum 20007\n"));
  EXPECT_THAT(out, HasSubstr("selvage_commit_answers_count 5\n"));
}

TEST(MetricsHistogram, TimesAreWrittenInSeconds) {
  Commits commits;
  commits.sync.observe(milliseconds(2));
  commits.sync.observe(Duration(-5));  // a clock that was set back
  std::string out;
  Text writer(out);
  write(writer, commits);
  EXPECT_THAT(out, HasSubstr("selvage_sync_duration_seconds_bucket{le=\"0.0001\"} 1\n"));
  EXPECT_THAT(out, HasSubstr("selvage_sync_duration_seconds_bucket{le=\"0.001\"} 1\n"));
  EXPECT_THAT(out, HasSubstr("selvage_sync_duration_seconds_bucket{le=\"0.0025\"} 2\n"));
  EXPECT_THAT(out, HasSubstr("selvage_sync_duration_seconds_bucket{le=\"30\"} 2\n"));
  EXPECT_THAT(out, HasSubstr("selvage_sync_duration_seconds_sum 0.002\n"));
}

TEST(MetricsRequests, AreCountedByActionAndStatus) {
  Requests requests({"SendMessage", "Peek"});
  requests.record(0, 200, milliseconds(1));
  requests.record(0, 200, milliseconds(1));
  requests.record(0, 400, milliseconds(1));
  requests.record(2, 418, milliseconds(1));
  requests.record(9999, 400, milliseconds(1));
  std::string out;
  Text writer(out);
  write(writer, requests);
  const std::string name = "selvage_http_requests_total";
  EXPECT_THAT(out, HasSubstr(name + "{action=\"SendMessage\",status=\"200\"} 2\n"));
  EXPECT_THAT(out, HasSubstr(name + "{action=\"SendMessage\",status=\"400\"} 1\n"));
  EXPECT_THAT(out, HasSubstr(name + "{action=\"unknown\",status=\"other\"} 1\n"));
  EXPECT_THAT(out, HasSubstr(name + "{action=\"unknown\",status=\"400\"} 1\n"));
  EXPECT_THAT(out, Not(HasSubstr("Peek")));
  EXPECT_THAT(out, HasSubstr("_duration_seconds_count{action=\"SendMessage\"} 3\n"));
}

TEST(MetricsRequests, NoneIsLostAmongThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 10'000;
  Requests requests({"SendMessage"});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i)
      threads.emplace_back([&] {
        for (int n = 0; n < kEach; ++n) requests.record(0, 200, Duration(n));
      });
  }
  EXPECT_EQ(requests.count(0, 0), uint64_t{kThreads} * kEach);
}

TEST(MetricsProcess, TheKernelKnowsThisProcess) {
  const ProcessFigures figures = read_process();
  EXPECT_GT(figures.resident_bytes, 100'000u);
  EXPECT_GT(figures.cpu_seconds, 0);
  EXPECT_GE(figures.open_files, 3u);
  EXPECT_GE(figures.max_files, figures.open_files);
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_LE(figures.started, now + 1);
  EXPECT_GT(figures.started, now - 3600);
}

TEST(MetricsProcess, AnOpenFileIsCounted) {
  const uint64_t before = read_process().open_files;
  const int fd = dup(STDERR_FILENO);
  EXPECT_EQ(read_process().open_files, before + 1);
  close(fd);
}

}  // namespace
}  // namespace selvage::metrics
