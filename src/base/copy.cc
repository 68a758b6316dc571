// SPDX-License-Identifier: Apache-2.0
#include "base/copy.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace selvage {
namespace {

constexpr size_t kChunk = 256 << 10;

std::unexpected<Error> failed(std::string_view doing, const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return failure(
      full ? ErrorCode::kDiskFull : ErrorCode::kSettings,
      fmt::format("cannot {} {}: {}{}", doing, path, std::generic_category().message(error),
                  full ? "; free some space on its disk" : ""));
}

struct File {
  explicit File(int descriptor) : fd(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  const int fd;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

int create(const std::string& path, mode_t mode) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
}

Result<void> copy_bytes(const std::string& from, const std::string& to, uint64_t size) {
  const File in(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat found{};
  if (in.fd < 0 || ::fstat(in.fd, &found) != 0) return failed("read", from, errno);
  const File out(create(to, found.st_mode & 0777));
  if (out.fd < 0) return failed("write", to, errno);
  std::array<char, kChunk> buffer;
  while (size > 0) {
    const ssize_t n = ::read(in.fd, buffer.data(), std::min<uint64_t>(size, buffer.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read", from, errno);
    if (n == 0) break;
    const auto got = static_cast<size_t>(n);
    if (!write_all(out.fd, {buffer.data(), got})) return failed("write", to, errno);
    size -= got;
  }
  if (::fsync(out.fd) != 0) return failed("write", to, errno);
  return {};
}

}  // namespace

Result<void> link_or_copy(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) == 0) return {};
  if (errno == EEXIST || errno == ENOENT) return failed("copy", from, errno);
  return copy_bytes(from, to, UINT64_MAX);  // another disk, or one without such names
}

Result<void> copy_head(const std::string& from, const std::string& to, uint64_t size) {
  return copy_bytes(from, to, size);
}

Result<void> write_new(const std::string& to, std::string_view bytes) {
  const File out(create(to, 0600));
  if (out.fd < 0 || !write_all(out.fd, bytes) || ::fsync(out.fd) != 0)
    return failed("write", to, errno);
  return {};
}

Result<void> sync_directory(const std::string& directory) {
  const File opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.fd < 0 || ::fsync(opened.fd) != 0) return failed("write", directory, errno);
  return {};
}

}  // namespace selvage
