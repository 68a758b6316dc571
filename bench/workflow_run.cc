// SPDX-License-Identifier: Apache-2.0
#include "bench/workflow_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "bench/figures.h"

namespace selvage::bench {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> our_environment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  return environment;
}

// The address in "…listens on http://HOST:PORT; …".
std::string read_address(int fd) {
  std::string text;
  for (char c = 0; text.find('\n') == std::string::npos && read(fd, &c, 1) == 1;) text += c;
  constexpr std::string_view kScheme = "http://";
  const size_t begin = text.find(kScheme);
  if (begin == std::string::npos) return {};
  const size_t first = begin + kScheme.size();
  return text.substr(first, text.find_first_of("; \n", first) - first);
}

// The command line of selvage itself: its data in `directory`, on any free port.
std::vector<std::string> selvage_in(const Directory& directory, std::vector<std::string> words) {
  words.insert(words.begin(), selvage_path());
  for (const std::string& word : {std::string("--data"), directory.path("data"),
                                  std::string("--listen"), std::string("127.0.0.1:0")})
    words.push_back(word);
  return words;
}

}  // namespace

std::string own_path() {
  return fs::read_symlink("/proc/self/exe").string();
}

std::string selvage_path() {
  if (const char* path = std::getenv("SELVAGE")) return fs::absolute(path).string();
  return (fs::path(own_path()).parent_path().parent_path() / "selvage").string();
}

Directory::Directory() {
  const char* const wanted = std::getenv("SELVAGE_BENCH_DIR");
  const fs::path parent =
      wanted != nullptr ? fs::absolute(wanted) : fs::path(own_path()).parent_path();
  path_ = parent / "data.XXXXXX";
  if (mkdtemp(path_.data()) == nullptr)
    give_up(fmt::format("cannot make a directory in {}; choose another with SELVAGE_BENCH_DIR",
                        parent.string()));
  struct statfs status{};
  if (statfs(path_.c_str(), &status) == 0 &&
      (status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC)) {
    rmdir(path_.c_str());
    give_up(fmt::format("{} is in memory; choose a disk with SELVAGE_BENCH_DIR", parent.string()));
  }
}

Directory::~Directory() {
  std::error_code error;
  fs::remove_all(path_, error);
}

Selvage Selvage::up(const Directory& directory, const std::string& workflow) {
  const std::string file = directory.path("workflow.yaml");
  std::ofstream(file) << workflow;
  return {directory, selvage_in(directory, {"up", file})};
}

Selvage Selvage::serve(const Directory& directory) {
  return {directory, selvage_in(directory, {"serve"})};
}

Selvage Selvage::other(const Directory& directory, const std::vector<std::string>& argv) {
  return {directory, argv};
}

Selvage::Selvage(const Directory& directory, const std::vector<std::string>& argv) {
  process::Pipe announcement = process::make_pipe(false, false);
  const std::string log = directory.path("selvage.log");
  const process::Fd errors(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  child_ = require(process::spawn({.argv = argv,
                                   .environment = our_environment(),
                                   .out = announcement.write.get(),
                                   .err = errors.get(),
                                   .death_signal = SIGTERM}));
  announcement.write.reset();
  const std::string address = read_address(announcement.read.get());
  if (address.empty()) {
    std::ifstream file(log);
    give_up(fmt::format("{} did not start:\n{}", argv[0],
                        std::string(std::istreambuf_iterator<char>(file), {})));
  }
  endpoint_ = require(http::Endpoint::parse(address));
}

Selvage::~Selvage() {
  if (child_.pidfd) stop();
}

process::Ended Selvage::stop() {
  kill(child_.pid, SIGTERM);
  pollfd ended{.fd = child_.pidfd.get(), .events = POLLIN, .revents = 0};
  poll(&ended, 1, -1);
  const auto how = process::reap(child_);
  child_ = {};
  return how.value_or(process::Ended{});
}

}  // namespace selvage::bench
