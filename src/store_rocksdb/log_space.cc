// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/log_space.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace selvage::store_rocksdb {
namespace {

using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr uint64_t kAhead = 1 << 20;
constexpr uint64_t kTooShort = kAhead / 2;  // fewer zeros than this are made more
// Whoever writes so much at once hardly notices the inode, but would notice that all is written
// twice.
constexpr uint64_t kLargeAppend = 256 << 10;
static_assert(kLargeAppend <= kTooShort);

// What must be free to fill anything: on a full disk the zeros would be in the way of what matters.
constexpr uint64_t kRoom = 64 * kAhead;

constexpr size_t kStep = 64 << 10;
constexpr std::array<char, kStep> kZeros{};

bool has_room(const Fd& file) {
  struct statvfs found{};
  return ::fstatvfs(file.get(), &found) == 0 && uint64_t{found.f_bavail} * found.f_frsize >= kRoom;
}

}  // namespace

LogSpace::LogSpace(const std::string& path)
    : file_(::open(path.c_str(), O_WRONLY | O_CLOEXEC)), stopped_(!file_) {}

bool LogSpace::begin_append(uint64_t bytes) {
  std::unique_lock lock(mutex_);
  reserved_ = position_ + bytes;
  filled_up_.wait(lock, [&] { return !filling_ || reserved_ <= filled_; });
  return !stopped_ && !filling_ && bytes < kLargeAppend && reserved_ + kTooShort > filled_;
}

void LogSpace::end_append(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  position_ += bytes;
}

uint64_t LogSpace::position() const {
  const std::lock_guard lock(mutex_);
  return position_;
}

void LogSpace::fill() {
  std::unique_lock lock(mutex_);
  if (stopped_) return;
  const uint64_t from = std::max(filled_, reserved_), to = reserved_ + kAhead;
  if (from >= to) return;
  filled_ = from;
  filling_ = true;
  lock.unlock();
  const bool is_filled = fill_to(from, to);
  lock.lock();
  filling_ = false;
  filled_ = to;
  filled_up_.notify_all();
  lock.unlock();
  // At once, so that no other sync has to write it all.
  const bool is_synced = is_filled && ::fdatasync(file_.get()) == 0;
  lock.lock();
  if (!is_synced) stopped_ = true;
}

bool LogSpace::fill_to(uint64_t from, uint64_t to) const {
  if (!has_room(file_)) return false;
  while (from < to) {
    const ssize_t n = ::pwrite(file_.get(), kZeros.data(), std::min(to - from, uint64_t{kStep}),
                               static_cast<off_t>(from));
    if (n <= 0) return false;
    from += static_cast<uint64_t>(n);
  }
  return true;
}

void LogSpace::stop() {
  std::unique_lock lock(mutex_);
  stopped_ = true;
  filled_up_.wait(lock, [&] { return !filling_; });
}

// A log that RocksDB appends to.
class LogFileSystem::File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<FSWritableFile> file, LogFileSystem& files, std::string path,
       std::shared_ptr<LogSpace> space)
      : FSWritableFileOwnerWrapper(std::move(file)),
        files_(files),
        path_(std::move(path)),
        space_(std::move(space)) {}
  ~File() override { files_.closed(path_); }

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return append(data.size(), [&] { return target()->Append(data, options, debug); });
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* debug) override {
    return append(data.size(),
                  [&] { return target()->Append(data, options, verification, debug); });
  }
  // Setting blocks aside, tens of MiB with each new log, would hold up the append that is under
  // way.
  void SetPreallocationBlockSize(size_t) override {}
  void PrepareWrite(size_t, size_t, const IOOptions&, IODebugContext*) override {}

  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    space_->stop();
    IOStatus cut = target()->Truncate(space_->position(), options, debug);
    files_.closed(path_);
    IOStatus closed = target()->Close(options, debug);
    return cut.ok() ? closed : cut;
  }

 private:
  template <typename Write>
  IOStatus append(uint64_t bytes, Write&& write) {
    if (space_->begin_append(bytes)) files_.want_more();
    IOStatus status = write();
    if (status.ok()) space_->end_append(bytes);
    return status;
  }

  LogFileSystem& files_;
  const std::string path_;
  const std::shared_ptr<LogSpace> space_;
};

LogFileSystem::LogFileSystem()
    : FileSystemWrapper(rocksdb::FileSystem::Default()), thread_([this] { run(); }) {}

LogFileSystem::~LogFileSystem() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_one();
  thread_.join();
}

// check-length: the parameters are RocksDB's
IOStatus LogFileSystem::NewWritableFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<FSWritableFile>* file,
                                        IODebugContext* debug) {
  IOStatus status = target()->NewWritableFile(path, options, file, debug);
  if (!status.ok() || !path.ends_with(".log")) return status;
  const auto space = std::make_shared<LogSpace>(path);
  *file = std::make_unique<File>(std::move(*file), *this, path, space);
  {
    const std::lock_guard lock(mutex_);
    open_[path] = newest_ = space;
  }
  want_more();
  return status;
}

// check-length: the parameters are RocksDB's
IOStatus LogFileSystem::GetFileSize(const std::string& path, const IOOptions& options,
                                    uint64_t* size, IODebugContext* debug) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto log = open_.find(path); log != open_.end()) {
      *size = log->second->position();
      return IOStatus::OK();
    }
  }
  return target()->GetFileSize(path, options, size, debug);
}

void LogFileSystem::want_more() {
  {
    const std::lock_guard lock(mutex_);
    is_short_ = true;
  }
  wanted_.notify_one();
}

void LogFileSystem::closed(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto log = open_.find(path);
  if (log == open_.end()) return;
  if (newest_ == log->second) newest_.reset();
  open_.erase(log);
}

void LogFileSystem::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [&] { return stopping_ || is_short_; });
    if (stopping_) return;
    is_short_ = false;
    const std::shared_ptr<LogSpace> space = newest_;
    if (!space) continue;
    lock.unlock();
    space->fill();
    lock.lock();
  }
}

}  // namespace selvage::store_rocksdb
