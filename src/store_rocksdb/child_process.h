// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests only: runs a part of this test program in a process of its own. It is executed anew and
// not just forked, because RocksDB's background threads do not exist on the far side of a fork.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace selvage::store_rocksdb {

inline constexpr const char* kChildDirectory = "SELVAGE_TEST_CHILD_DIRECTORY";

class Child {
 public:
  // Starts the test `name` (which is disabled for everybody else) on a directory.
  Child(const std::string& name, const std::string& directory) {
    ::setenv(kChildDirectory, directory.c_str(), 1);
    std::string filter = "--gtest_filter=" + name;
    std::string program = "/proc/self/exe", disabled = "--gtest_also_run_disabled_tests";
    char* arguments[] = {program.data(), filter.data(), disabled.data(), nullptr};
    posix_spawn_file_actions_t quiet;
    ::posix_spawn_file_actions_init(&quiet);
    ::posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    EXPECT_EQ(::posix_spawn(&pid_, program.c_str(), &quiet, nullptr, arguments, environ), 0);
    ::posix_spawn_file_actions_destroy(&quiet);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { kill(); }

  pid_t pid() const { return pid_; }
  // The status of waitpid(2), when it has ended by itself.
  int wait() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    pid_ = 0;
    return status;
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace selvage::store_rocksdb
