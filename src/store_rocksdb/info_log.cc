// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/info_log.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <mutex>

#include "base/clock.h"
#include "store_rocksdb/files.h"

namespace selvage::store_rocksdb {
namespace {

// A line longer than kLine is cut.
constexpr size_t kLine = 4096;

class InfoLog final : public rocksdb::Logger {
 public:
  explicit InfoLog(std::string path) : path_(std::move(path)) { reopen(); }

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::array<char, kLine> text;
    const int length = std::vsnprintf(text.data(), text.size(), format, arguments);
    if (length < 0) return;
    const size_t kept = std::min(static_cast<size_t>(length), text.size() - 1);
    append({text.data(), kept});
  }

 private:
  void append(std::string_view text) {
    const std::lock_guard lock(mutex_);
    const Duration now = clock_.now().time_since_epoch();
    const std::chrono::sys_time<Duration> utc(now);
    const std::string line =
        fmt::format("{:%FT%TZ} {} {}\n", utc, ::gettid(),
                    text.ends_with('\n') ? text.substr(0, text.size() - 1) : text);
    if (size_ > 0 && size_ + static_cast<int64_t>(line.size()) > kInfoLogBytes) rotate();
    const ssize_t written = ::write(file_.get(), line.data(), line.size());
    if (written > 0) size_ += written;
  }
  void rotate() {
    ::rename(path_.c_str(), (path_ + ".old").c_str());
    reopen();
  }
  void reopen() {
    file_ = Fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    struct stat found{};
    size_ = ::fstat(file_.get(), &found) == 0 ? found.st_size : 0;
  }

  const std::string path_;
  std::mutex mutex_;  // over everything below
  SystemClock clock_;
  Fd file_;           // none when it could not be opened: then every line is dropped
  int64_t size_ = 0;  // bytes
};

}  // namespace

std::shared_ptr<rocksdb::Logger> open_info_log(const std::string& directory) {
  return std::make_shared<InfoLog>(directory + "/LOG");
}

}  // namespace selvage::store_rocksdb
