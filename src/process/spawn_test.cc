// SPDX-License-Identifier: Apache-2.0
#include "process/spawn.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "process/tree.h"

namespace selvage::process {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class Spawn : public testing::Test {
 protected:
  Spawn() {
    std::string name = testing::TempDir() + "spawn_test.XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~Spawn() override {
    fs::remove_all(directory_);
    EXPECT_TRUE(childless()) << "a test left a child behind";
  }

  std::string make_file(const std::string& name, const std::string& text, mode_t mode = 0755) {
    const fs::path path = directory_ / name;
    std::ofstream(path) << text;
    EXPECT_EQ(chmod(path.c_str(), mode), 0);
    return path;
  }

  // Puts `directories` in front of PATH while it lives.
  class PathPrefix {
   public:
    explicit PathPrefix(const std::string& directories) : before_(std::getenv("PATH")) {
      setenv("PATH", (directories + ":" + before_).c_str(), 1);
    }
    ~PathPrefix() { setenv("PATH", before_.c_str(), 1); }

   private:
    std::string before_;
  };

  fs::path directory_;
};

SpawnRequest shell(const std::string& script) {
  return {.argv = {"/bin/sh", "-c", script}, .environment = {"PATH=/usr/bin:/bin"}};
}

Child start(const SpawnRequest& request) {
  auto child = spawn(request);
  EXPECT_TRUE(child) << child.error().message;
  return child ? std::move(*child) : Child{};
}

Ended wait(Child& child) {
  pollfd poll_end{.fd = child.pidfd.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&poll_end, 1, -1), 1);
  const auto ended = reap(child);
  EXPECT_TRUE(ended);
  return ended.value_or(Ended{});
}

Ended run(const SpawnRequest& request) {
  Child child = start(request);
  return wait(child);
}

std::string read_to_end(const Fd& fd) {
  std::string all;
  std::array<char, 4096> part;
  ssize_t size = 0;
  while ((size = read(fd.get(), part.data(), part.size())) > 0)
    all.append(part.data(), static_cast<size_t>(size));
  return all;
}

std::string output_of(SpawnRequest request) {
  Pipe out = make_pipe(false, false);
  request.out = out.write.get();
  Child child = start(request);
  out.write.reset();
  const std::string text = read_to_end(out.read);
  wait(child);
  return text;
}

Error failure_of(const SpawnRequest& request) {
  const auto child = spawn(request);
  EXPECT_FALSE(child);
  return child ? Error{} : child.error();
}

std::string sentence_of(const std::string& program) {
  const Error error = failure_of({.argv = {program}});
  EXPECT_EQ(error.code, ErrorCode::kSettings);
  EXPECT_THAT(error.message, StartsWith("cannot start '" + program + "': "));
  return error.message;
}

TEST_F(Spawn, ExitCodeIsReported) {
  const Ended ended = run(shell("exit 3"));
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(ended.signal, 0);
  EXPECT_EQ(ended.describe(), "exit code 3");
}

TEST_F(Spawn, SignalIsReported) {
  const Ended ended = run(shell("kill -9 $$"));
  EXPECT_EQ(ended.signal, SIGKILL);
  EXPECT_EQ(ended.describe(), "signal 9 (Killed)");
  EXPECT_EQ((Ended{.signal = 40}).describe(), "signal 40");
}

TEST_F(Spawn, UsedResourcesAreReported) {
  EXPECT_GT(run(shell("true")).used.ru_maxrss, 0);
}

TEST_F(Spawn, RunningChildIsNotReaped) {
  Pipe in = make_pipe(false, false);
  SpawnRequest cat{.argv = {"cat"}};
  cat.in = in.read.get();
  Child child = start(cat);
  EXPECT_FALSE(reap(child));
  in.write.reset();
  EXPECT_EQ(wait(child).exit_code, 0);
}

TEST_F(Spawn, StandardDescriptorsAreConnected) {
  Pipe in = make_pipe(false, false);
  Pipe out = make_pipe(false, false);
  Pipe err = make_pipe(false, false);
  SpawnRequest request = shell("cat; echo trouble >&2");
  request.in = in.read.get();
  request.out = out.write.get();
  request.err = err.write.get();
  Child child = start(request);
  EXPECT_EQ(write(in.write.get(), "body", 4), 4);
  in.write.reset();
  out.write.reset();
  err.write.reset();
  EXPECT_EQ(read_to_end(out.read), "body");
  EXPECT_EQ(read_to_end(err.read), "trouble\n");
  wait(child);
}

TEST_F(Spawn, OneDescriptorCanBeOutputAndErrors) {
  Pipe out = make_pipe(false, false);
  SpawnRequest request = shell("echo a; echo b >&2");
  request.out = request.err = out.write.get();
  Child child = start(request);
  out.write.reset();
  EXPECT_EQ(read_to_end(out.read), "a\nb\n");
  wait(child);
}

TEST_F(Spawn, WithoutInputItReadsTheEndAtOnce) {
  EXPECT_EQ(output_of({.argv = {"cat"}}), "");
}

// Our own 0, 1 and 2, put back at the end.
class StandardDescriptorsSaved {
 public:
  StandardDescriptorsSaved() {
    for (int fd = 0; fd < 3; fd++) saved_[fd] = Fd(fcntl(fd, F_DUPFD_CLOEXEC, 10));
  }
  ~StandardDescriptorsSaved() {
    for (int fd = 0; fd < 3; fd++) saved_[fd] ? dup2(saved_[fd].get(), fd) : close(fd);
  }

 private:
  Fd saved_[3];
};

TEST_F(Spawn, DescriptorsMaySwapPlacesWithin0To2) {
  Pipe in = make_pipe(false, false);
  Pipe out = make_pipe(false, false);
  SpawnRequest request = shell("cat; echo trouble >&2");
  Child child;
  {
    StandardDescriptorsSaved saved;
    dup3(out.write.get(), 0, O_CLOEXEC);
    dup3(in.read.get(), 1, O_CLOEXEC);
    dup3(out.write.get(), 2, O_CLOEXEC);  // stays in its place
    request.in = 1;
    request.out = 0;
    request.err = 2;
    child = start(request);
  }
  EXPECT_EQ(write(in.write.get(), "body", 4), 4);
  in.write.reset();
  out.write.reset();
  EXPECT_EQ(read_to_end(out.read), "bodytrouble\n");
  wait(child);
}

TEST_F(Spawn, OurOwn0To2MayBeClosed) {
  Pipe out = make_pipe(false, false);
  SpawnRequest request{.argv = {"cat"}};
  request.out = out.write.get();
  Ended ended;
  {
    StandardDescriptorsSaved saved;
    for (int fd = 0; fd < 3; fd++) close(fd);
    ended = run(request);
  }
  out.write.reset();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(read_to_end(out.read), "");
}

TEST_F(Spawn, NoOtherDescriptorIsInherited) {
  int open_ends[2];
  ASSERT_EQ(pipe(open_ends), 0);  // not close-on-exec
  const Fd keep[2] = {Fd(open_ends[0]), Fd(open_ends[1])};
  EXPECT_EQ(run(shell(fmt::format("[ ! -e /proc/self/fd/{} ]", open_ends[0]))).exit_code, 0);
}

TEST_F(Spawn, EnvironmentIsTheWholeOfIt) {
  EXPECT_EQ(output_of({.argv = {"env"}, .environment = {"A=1", "B=two words"}}),
            "A=1\nB=two words\n");
}

TEST_F(Spawn, ProgramRunsInItsDirectory) {
  SpawnRequest request{.argv = {"pwd", "-P"}};
  request.directory = directory_;
  EXPECT_EQ(output_of(request), fs::canonical(directory_).string() + "\n");
}

TEST_F(Spawn, RelativeProgramIsFoundFromOurDirectory) {
  const std::string program = make_file("hello.sh", "#!/bin/sh\necho hello\n");
  SpawnRequest request{.argv = {fs::relative(program)}, .environment = {}, .directory = "/"};
  EXPECT_EQ(output_of(request), "hello\n");
}

TEST_F(Spawn, ChildLeadsAGroupOfItsOwnUnlessItShallNot) {
  for (const bool own : {true, false}) {
    Pipe in = make_pipe(false, false);
    SpawnRequest request{.argv = {"cat"}};
    request.in = in.read.get();
    request.own_group = own;
    Child child = start(request);
    EXPECT_EQ(getpgid(child.pid), own ? child.pid : getpgrp());
    in.write.reset();
    wait(child);
  }
}

TEST_F(Spawn, ChildStartsWithDefaultSignals) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, mask;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, &mask);
  const std::string status = output_of({.argv = {"cat", "/proc/self/status"}});
  std::signal(SIGPIPE, before);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  EXPECT_THAT(status, HasSubstr("SigBlk:\t0000000000000000"));
  // 32 and 33 are glibc's own: sigaction(2) cannot name them, so what we inherited of them stays.
  constexpr uint64_t kGlibcsOwn = 0x180000000;
  const size_t ignored_at = status.find("SigIgn:\t");
  ASSERT_NE(ignored_at, std::string::npos);
  EXPECT_EQ(std::stoull(status.substr(ignored_at + 8, 16), nullptr, 16) & ~kGlibcsOwn, 0u);
}

TEST_F(Spawn, OurSignalMaskIsUntouched) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  run(shell("true"));
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < NSIG; signal++)
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal)) << signal;
}

TEST_F(Spawn, DeathSignalComesWhenTheSpawningThreadEnds) {
  const Pipe in = make_pipe(false, false);
  SpawnRequest request{.argv = {"cat"}};
  request.in = in.read.get();
  request.death_signal = SIGKILL;
  Child child;
  std::thread([&] { child = start(request); }).join();
  EXPECT_EQ(wait(child).signal, SIGKILL);
}

TEST_F(Spawn, MissingProgramIsNamed) {
  EXPECT_THAT(sentence_of("/no/such/program"), HasSubstr("there is no such file"));
  EXPECT_THAT(sentence_of("no-such-program"), HasSubstr("it is in no directory of PATH"));
  EXPECT_THAT(sentence_of(""), HasSubstr("a program needs a name"));
}

TEST_F(Spawn, MissingExecutePermissionIsNamedWithItsCure) {
  const std::string program = make_file("shrink.sh", "#!/bin/sh\n", 0644);
  EXPECT_THAT(sentence_of(program), HasSubstr("no execute permission; run: chmod +x " + program));
}

TEST_F(Spawn, MissingExecutePermissionIsNamedForAProgramInPath) {
  const std::string program = make_file("only-here", "#!/bin/sh\n", 0644);
  const PathPrefix prefix(directory_);
  EXPECT_THAT(sentence_of("only-here"), HasSubstr("run: chmod +x " + program));
}

TEST_F(Spawn, PathGoesOnBehindAFileThatCannotRun) {
  make_file("cat", "", 0644);
  const PathPrefix prefix(":" + directory_.string());  // an empty entry is our directory
  EXPECT_EQ(output_of({.argv = {"cat"}}), "");
}

TEST_F(Spawn, DirectoryIsNoProgram) {
  EXPECT_THAT(sentence_of(directory_), HasSubstr("it is a directory"));
}

TEST_F(Spawn, MissingInterpreterIsNamed) {
  const std::string program = make_file("plan.py", "#! /no/such/python -u\n");
  EXPECT_THAT(sentence_of(program),
              HasSubstr("its interpreter '/no/such/python' (first line) does not exist"));
}

TEST_F(Spawn, WindowsLineEndIsNamedWithItsCure) {
  const std::string program = make_file("dos.sh", "#!/bin/sh\r\nexit 0\r\n");
  EXPECT_THAT(sentence_of(program), HasSubstr("run: sed -i 's/\\r$//' " + program));
}

TEST_F(Spawn, InterpreterThatMayNotBeExecutedIsNamed) {
  const std::string interpreter = make_file("python", "", 0644);
  const std::string program = make_file("plan.py", "#!" + interpreter + "\n");
  EXPECT_THAT(sentence_of(program), HasSubstr("its interpreter '" + interpreter + "'"));
}

TEST_F(Spawn, FileThatIsNoProgramIsNamed) {
  const std::string program = make_file("photo.jpg", "just some text\n");
  EXPECT_THAT(sentence_of(program), HasSubstr("neither a program of this machine nor a script"));
}

TEST_F(Spawn, MissingWorkingDirectoryIsNamed) {
  SpawnRequest request = shell("true");
  request.directory = "/no/such/directory";
  EXPECT_EQ(failure_of(request).message,
            "cannot start '/bin/sh': its working directory '/no/such/directory': "
            "No such file or directory");
}

TEST_F(Spawn, ProgramThatIsBeingWrittenCanBeRetried) {
  const std::string program = make_file("new.sh", "#!/bin/sh\n");
  const Fd writer(open(program.c_str(), O_WRONLY | O_CLOEXEC));
  const Error error = failure_of({.argv = {program}});
  EXPECT_EQ(error.code, ErrorCode::kRetry);
  EXPECT_THAT(error.message, HasSubstr("it is being written"));
}

TEST_F(Spawn, WithoutAFreeDescriptorNothingIsLeftBehind) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const Fd next_free(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const rlimit full{static_cast<rlim_t>(next_free.get()) + 1, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &full);
  SpawnRequest request{.argv = {"/bin/cat"}};
  request.in = next_free.get();
  const Error error = failure_of(request);
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(error.code, ErrorCode::kRetry);
  EXPECT_THAT(error.message, HasSubstr("Too many open files"));
}

}  // namespace
}  // namespace selvage::process
