// SPDX-License-Identifier: Apache-2.0
#include "artifact/artifacts.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace selvage::artifact {
namespace {

namespace fs = std::filesystem;

class ArtifactsTest : public ::testing::Test {
 protected:
  ArtifactsTest() {
    std::string pattern = fs::temp_directory_path() / "selvage-artifacts-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~ArtifactsTest() override { remove_tree(root_); }

  std::string written() {
    const std::string out = root_ + "/out";
    fs::create_directories(out + "/deep");
    std::ofstream(out + "/deep/file") << "content";
    return out;
  }

  std::string root_;
  SeededRandom random_{3};
};

TEST_F(ArtifactsTest, AKeptArtifactHasWhatWasWritten) {
  const Artifacts artifacts = Artifacts::open(root_ + "/a").value();
  const std::string out = written();
  const ArtifactId id = artifacts.stage(out, random_).value();
  EXPECT_FALSE(fs::exists(out));
  EXPECT_TRUE(artifacts.is_staged(id));
  EXPECT_FALSE(fs::exists(artifacts.path(id)));
  ASSERT_TRUE(artifacts.keep(id).has_value());
  ASSERT_TRUE(artifacts.keep(id).has_value()) << "keeping again is fine";
  ASSERT_TRUE(artifacts.sync().has_value());
  std::string text;
  std::ifstream(artifacts.path(id) + "/deep/file") >> text;
  EXPECT_EQ(text, "content");
  artifacts.release(id);
  EXPECT_FALSE(fs::exists(artifacts.path(id)));
  EXPECT_FALSE(artifacts.is_staged(id));
}

TEST_F(ArtifactsTest, KeepingWhatWasNeverStagedFailsAndSaysWhich) {
  const Artifacts artifacts = Artifacts::open(root_ + "/a").value();
  const ArtifactId id = Uuid::from_random(1, 1);
  const auto kept = artifacts.keep(id);
  ASSERT_FALSE(kept.has_value());
  EXPECT_NE(kept.error().message.find(id.to_string()), std::string::npos);
}

TEST_F(ArtifactsTest, SweepRemovesWhatNoMessageRefersTo) {
  const Artifacts artifacts = Artifacts::open(root_ + "/a").value();
  const ArtifactId live = artifacts.stage(written(), random_).value();
  const ArtifactId orphan = artifacts.stage(written(), random_).value();
  const ArtifactId staged = artifacts.stage(written(), random_).value();
  const ArtifactId forgotten = artifacts.stage(written(), random_).value();
  ASSERT_TRUE(artifacts.keep(live).has_value());
  ASSERT_TRUE(artifacts.keep(orphan).has_value());
  fs::last_write_time(root_ + "/a/staged/" + forgotten.to_string(),
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  artifacts.sweep({live});
  EXPECT_TRUE(fs::exists(artifacts.path(live)));
  EXPECT_FALSE(fs::exists(artifacts.path(orphan)));
  EXPECT_TRUE(artifacts.is_staged(staged));
  EXPECT_FALSE(artifacts.is_staged(forgotten));
}

TEST_F(ArtifactsTest, StagingAMissingDirectoryFails) {
  const Artifacts artifacts = Artifacts::open(root_ + "/a").value();
  EXPECT_FALSE(artifacts.stage(root_ + "/none", random_).has_value());
}

TEST_F(ArtifactsTest, ACopyHasWhatIsKeptAndIsARootOfItsOwn) {
  const Artifacts artifacts = Artifacts::open(root_ + "/a").value();
  const std::string out = written();
  fs::create_symlink("deep/file", out + "/link");
  fs::permissions(out + "/deep", fs::perms::owner_read | fs::perms::owner_exec);
  const ArtifactId kept = artifacts.stage(out, random_).value();
  const ArtifactId staged = artifacts.stage(written(), random_).value();
  ASSERT_TRUE(artifacts.keep(kept));
  const auto copied = artifacts.copy_kept(root_ + "/b", {});
  ASSERT_TRUE(copied) << copied.error().message;
  const Artifacts copy = Artifacts::open(root_ + "/b").value();
  EXPECT_EQ(copy.kept().value(), std::vector{kept});
  EXPECT_FALSE(copy.is_staged(staged)) << "no message refers to it";
  EXPECT_EQ(fs::read_symlink(copy.path(kept) + "/link"), "deep/file");
  EXPECT_EQ(fs::status(copy.path(kept) + "/deep").permissions(),
            fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(fs::hard_link_count(copy.path(kept) + "/deep/file"), 2u);
  fs::permissions(artifacts.path(kept) + "/deep", fs::perms::owner_all);
  artifacts.release(kept);
  std::string text;
  std::ifstream(copy.path(kept) + "/link") >> text;
  EXPECT_EQ(text, "content");
  fs::permissions(copy.path(kept) + "/deep", fs::perms::owner_all);
}

TEST_F(ArtifactsTest, ACopyIsMadeOnceAndEndsWhenItIsToldTo) {
  const Artifacts artifacts = Artifacts::open(root_ + "/a").value();
  ASSERT_TRUE(artifacts.copy_kept(root_ + "/b", {})) << "nothing is fine";
  EXPECT_FALSE(artifacts.copy_kept(root_ + "/b", {})) << "is there already";
  ASSERT_TRUE(artifacts.keep(artifacts.stage(written(), random_).value()));
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = artifacts.copy_kept(root_ + "/c", stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kGiveUp);
}

TEST_F(ArtifactsTest, WhatIsReleasedDuringAHoldGoesWhenTheLastHoldEnds) {
  const Artifacts artifacts = Artifacts::open(root_ + "/a").value();
  const ArtifactId id = artifacts.stage(written(), random_).value();
  ASSERT_TRUE(artifacts.keep(id));
  {
    const Hold first = artifacts.hold();
    {
      const Hold second = artifacts.hold();
      artifacts.release(id);
      EXPECT_TRUE(artifacts.is_staged(id));
    }
    EXPECT_TRUE(artifacts.is_staged(id));
  }
  EXPECT_FALSE(artifacts.is_staged(id));
}

}  // namespace
}  // namespace selvage::artifact
