// SPDX-License-Identifier: Apache-2.0
#include "process/lock_file.h"

#include <fcntl.h>
#include <fmt/core.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>
#include <thread>

namespace selvage::process {
namespace {

// Open file description locks (fcntl(2), F_OFD_SETLK), not flock(2): they can be asked about
// without being taken, so a look at the lock never gets into the way of somebody who wants it.
struct flock whole_file() {
  struct flock lock{};  // l_pid must be 0
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

bool locked_by_another(const Fd& fd) {
  struct flock lock = whole_file();
  return fcntl(fd.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

// 0 while the file does not hold a whole line.
pid_t written_pid(const Fd& fd) {
  char text[32];
  const ssize_t size = pread(fd.get(), text, sizeof(text), 0);
  pid_t pid = 0;
  if (size <= 0 || text[size - 1] != '\n') return 0;
  std::from_chars(text, text + size, pid);
  return pid;
}

bool write_pid(const Fd& fd) {
  const std::string line = fmt::format("{}\n", getpid());
  return ftruncate(fd.get(), 0) == 0 &&
         pwrite(fd.get(), line.data(), line.size(), 0) == static_cast<ssize_t>(line.size());
}

Error cannot(std::string_view verb, const std::string& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return {full ? ErrorCode::kDiskFull : ErrorCode::kSettings,
          fmt::format("cannot {} the lock file '{}': {}{}", verb, path, strerrordesc_np(errno),
                      full ? "; free some space on that disk" : "")};
}

}  // namespace

Result<LockFile> LockFile::acquire(const std::string& path) {
  Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return std::unexpected(cannot("create", path));
  struct flock lock = whole_file();
  while (fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES) return std::unexpected(cannot("lock", path));
    if (const auto holder = lock_holder(path))
      return failure(ErrorCode::kInUse, fmt::format("'{}' is in use by process {}", path, *holder));
    // The holder has just died: try again.
  }
  if (!write_pid(fd)) return std::unexpected(cannot("write", path));
  return LockFile(std::move(fd));
}

std::optional<pid_t> lock_holder(const std::string& path) {
  const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  // A new holder writes its pid a moment after it locks; until then the file is empty or names its
  // dead predecessor. But a holder in another pid namespace looks dead for ever: hence the limit.
  constexpr int kTriesForALivingPid = 100;
  for (int tries = 1; locked_by_another(fd); tries++) {
    const pid_t pid = written_pid(fd);
    if (pid > 0 && (kill(pid, 0) == 0 || errno == EPERM || tries >= kTriesForALivingPid))
      return pid;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return std::nullopt;
}

}  // namespace selvage::process
