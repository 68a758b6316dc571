// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace selvage::store_rocksdb {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSmall = 256;

std::string path_of(const std::string& directory, std::string_view name) {
  return fs::path(directory) / name;
}

Result<void> sync_directory(const std::string& directory) {
  const Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return std::unexpected(os_failure("sync", directory, errno));
  return {};
}

Result<void> make_directory(const fs::path& directory, mode_t mode) {
  if (std::error_code ignored; fs::is_directory(directory, ignored)) return {};
  fs::path parent = directory.parent_path();
  if (parent.empty()) parent = ".";
  SELVAGE_TRY(make_directory(parent, 0777));
  if (::mkdir(directory.c_str(), mode) != 0 && errno != EEXIST)
    return std::unexpected(os_failure("create", directory, errno));
  return sync_directory(parent);
}

// Writes from the beginning of the file.
bool write_all(const Fd& fd, std::string_view text) {
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t n =
        ::pwrite(fd.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) done += static_cast<size_t>(n);
  }
  return true;
}

std::string read_head(const Fd& fd) {
  std::array<char, kSmall> buffer{};
  const ssize_t n = ::pread(fd.get(), buffer.data(), buffer.size(), 0);
  return std::string(buffer.data(), n > 0 ? static_cast<size_t>(n) : 0);
}

Error in_use(const std::string& directory, const Fd& lock_file) {
  std::string pid = read_head(lock_file);
  pid.resize(std::min(pid.size(), pid.find_first_not_of("0123456789")));
  // Empty in the instant between the holder's locking and its writing.
  const std::string who = pid.empty() ? "" : fmt::format(" (pid {})", pid);
  return Error{ErrorCode::kInUse,
               fmt::format("{} is open in another process{}: stop that one first", directory, who)};
}

}  // namespace

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

Error disk_full(const std::string& directory) {
  return Error{
      ErrorCode::kDiskFull,
      fmt::format("the disk of {} is full: free some space; everything acknowledged so far "
                  "is safe",
                  directory)};
}

Error os_failure(std::string_view doing, const std::string& directory, int error) {
  if (error == ENOSPC || error == EDQUOT) return disk_full(directory);
  return Error{ErrorCode::kSettings,
               fmt::format("cannot {} {} ({}): let this user read and write it or choose another "
                           "--data directory",
                           doing, directory, std::generic_category().message(error))};
}

Result<void> make_directories(const std::string& directory) {
  fs::path path(directory);
  if (!path.has_filename()) path = path.parent_path();  // a slash at the end
  SELVAGE_TRY(make_directory(path, 0700));
  if (std::error_code ignored; !fs::is_directory(directory, ignored))
    return failure(
        ErrorCode::kSettings,
        fmt::format("{} is not a directory: choose another --data directory", directory));
  return {};
}

Result<std::vector<std::string>> list(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(directory, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error))
    names.push_back(at->path().filename());
  if (error) return std::unexpected(os_failure("list", directory, error.value()));
  return names;
}

Result<std::optional<std::string>> read_small(const std::string& directory, std::string_view name) {
  const Fd fd(::open(path_of(directory, name).c_str(), O_RDONLY | O_CLOEXEC));
  if (fd) return read_head(fd);
  if (errno == ENOENT) return std::nullopt;
  return std::unexpected(os_failure("read", directory, errno));
}

Result<void> write_synced(const std::string& directory, std::string_view name,
                          std::string_view text) {
  const Fd fd(
      ::open(path_of(directory, name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd || !write_all(fd, text) || ::fsync(fd.get()) != 0)
    return std::unexpected(os_failure("write to", directory, errno));
  return sync_directory(directory);
}

Result<void> rename_synced(const std::string& directory, std::string_view from,
                           std::string_view to) {
  if (::rename(path_of(directory, from).c_str(), path_of(directory, to).c_str()) != 0)
    return std::unexpected(os_failure("write to", directory, errno));
  return sync_directory(directory);
}

Result<Fd> lock(const std::string& directory, std::string_view name) {
  Fd fd(::open(path_of(directory, name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return std::unexpected(os_failure("write to", directory, errno));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::unexpected(in_use(directory, fd));
    return std::unexpected(os_failure("lock", directory, errno));
  }
  if (::ftruncate(fd.get(), 0) != 0 || !write_all(fd, fmt::format("{}\n", ::getpid())))
    return std::unexpected(os_failure("write to", directory, errno));
  return fd;
}

Result<Fd> lock_out(const std::string& directory, std::string_view name) {
  Fd fd(::open(path_of(directory, name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return fd;
  if (!fd) return std::unexpected(os_failure("read", directory, errno));
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return fd;
  if (errno == EWOULDBLOCK) return std::unexpected(in_use(directory, fd));
  return std::unexpected(os_failure("lock", directory, errno));
}

}  // namespace selvage::store_rocksdb
