// SPDX-License-Identifier: Apache-2.0
#include "worker/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace selvage::worker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(RunDirectoryTest, ANameIsMadeOfAStageAndANumber) {
  EXPECT_EQ(worker_name("shrink", 3), "shrink-3");
  EXPECT_EQ(worker_number("shrink-3", "shrink"), 3);
  EXPECT_EQ(worker_number("a-1-2", "a-1"), 2);
}

TEST(RunDirectoryTest, TheNameOfAnotherStagesWorkerHasNoNumber) {
  for (const auto* name :
       {"a-1-2", "a", "a-", "b-1", "a-x", "a-1x", "a-01", "a-0", "a--1", "a1", "a-99999999999"})
    EXPECT_EQ(worker_number(name, "a"), std::nullopt) << name;
}

TEST(RunDirectoryTest, WorkersAreFoundByTheirLockFiles) {
  std::string data = testing::TempDir() + "run-XXXXXX";
  data = mkdtemp(data.data());
  const RunDirectory run(data);
  EXPECT_THAT(run.numbers_of("a"), IsEmpty());
  ASSERT_TRUE(run.make());
  for (const auto* name : {"a-10", "a-2", "a-1-7", "b-4"}) std::ofstream(run.lock(name)) << "1\n";
  std::ofstream(run.card("a-3")) << "no lock";
  EXPECT_THAT(run.numbers_of("a"), ElementsAre(2, 10));
  EXPECT_THAT(run.numbers_of("a-1"), ElementsAre(7));
  EXPECT_EQ(run.card("a-1"), data + "/run/workers/a-1.card");
  std::filesystem::remove_all(data);
}

TEST(RunDirectoryTest, WhereNoDirectoryCanBeMadeIsTold) {
  EXPECT_FALSE(RunDirectory("/proc/none").make());
}

}  // namespace
}  // namespace selvage::worker
