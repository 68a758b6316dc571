// SPDX-License-Identifier: Apache-2.0
#include "process/lock_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "process/spawn.h"

namespace selvage::process {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class LockFileTest : public testing::Test {
 protected:
  LockFileTest() {
    std::string name = testing::TempDir() + "lock_file_test.XXXXXX";
    directory_ = mkdtemp(name.data());
    path_ = directory_ / "lock";
  }
  ~LockFileTest() override { fs::remove_all(directory_); }

  fs::path directory_;
  std::string path_;
};

// Another process that holds the lock at a path until it is killed.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    Pipe ready = make_pipe(false, false);
    pid_ = fork();
    if (pid_ == 0) hold(path, ready);
    ready.write.reset();
    char byte;
    EXPECT_EQ(read(ready.read.get(), &byte, 1), 1) << "the holder did not get the lock";
  }
  ~Holder() { die(); }

  pid_t pid() const { return pid_; }
  void die() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  [[noreturn]] static void hold(const std::string& path, Pipe& ready) {
    const auto lock = LockFile::acquire(path);
    if (!lock || write(ready.write.get(), "x", 1) != 1) _exit(1);
    for (;;) pause();
  }

  pid_t pid_ = -1;
};

TEST_F(LockFileTest, HolderIsKnownWhileItLives) {
  Holder holder(path_);
  EXPECT_EQ(lock_holder(path_), holder.pid());
}

TEST_F(LockFileTest, HeldLockIsRefusedWithTheHoldersPid) {
  Holder holder(path_);
  const auto lock = LockFile::acquire(path_);
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ErrorCode::kInUse);
  EXPECT_THAT(lock.error().message, HasSubstr("in use by process " + std::to_string(holder.pid())));
}

TEST_F(LockFileTest, KilledHolderFreesTheLock) {
  Holder holder(path_);
  holder.die();
  EXPECT_EQ(lock_holder(path_), std::nullopt);
  EXPECT_TRUE(LockFile::acquire(path_));
}

TEST_F(LockFileTest, DroppedLockIsFreeAndItsFileStays) {
  {
    const auto lock = LockFile::acquire(path_);
  }
  EXPECT_TRUE(fs::exists(path_));
  EXPECT_EQ(lock_holder(path_), std::nullopt);
}

TEST_F(LockFileTest, OneProcessCannotHoldItTwice) {
  const auto lock = LockFile::acquire(path_);
  EXPECT_EQ(LockFile::acquire(path_).error().code, ErrorCode::kInUse);
  EXPECT_EQ(lock_holder(path_), getpid());  // the refused one did not free it
}

TEST_F(LockFileTest, LongerPidOfAnEarlierHolderIsOverwritten) {
  std::ofstream(path_) << "99999999999999999\n";
  const auto lock = LockFile::acquire(path_);
  EXPECT_EQ(lock_holder(path_), getpid());
}

TEST_F(LockFileTest, SpawnedProgramDoesNotInheritTheLock) {
  Pipe in = make_pipe(false, false);
  SpawnRequest cat{.argv = {"cat"}};
  cat.in = in.read.get();
  std::optional<Child> child;
  {
    const auto lock = LockFile::acquire(path_);
    auto spawned = spawn(cat);
    ASSERT_TRUE(spawned) << spawned.error().message;
    child = std::move(*spawned);
  }
  EXPECT_EQ(lock_holder(path_), std::nullopt);
  EXPECT_FALSE(reap(*child)) << "it shall live while we look";
  in.write.reset();
  waitpid(child->pid, nullptr, 0);
}

TEST_F(LockFileTest, MissingFileHasNoHolder) {
  EXPECT_EQ(lock_holder(path_), std::nullopt);
}

TEST_F(LockFileTest, FileThatCannotBeCreatedIsNamed) {
  const auto lock = LockFile::acquire("/no/such/directory/lock");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ErrorCode::kSettings);
  EXPECT_EQ(lock.error().message,
            "cannot create the lock file '/no/such/directory/lock': No such file or directory");
}

}  // namespace
}  // namespace selvage::process
