// SPDX-License-Identifier: Apache-2.0
#include "app/backups.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>

#include "app/show.h"
#include "base/copy.h"
#include "base/log.h"

namespace selvage::app {
namespace {

namespace fs = std::filesystem;

// What a copy on the same disk takes: the logs, which the store keeps below this, and little else.
constexpr uint64_t kLargestLogs = 300 << 20;

std::unexpected<Error> unusable(const std::string& sentence) {
  return failure(ErrorCode::kSettings, sentence);
}

std::unexpected<Error> failed(std::string_view doing, const fs::path& path, int error) {
  return failure(error == ENOSPC || error == EDQUOT ? ErrorCode::kDiskFull : ErrorCode::kSettings,
                 fmt::format("cannot {} {}: {}", doing, path.string(),
                             std::generic_category().message(error)));
}

bool is_within(const fs::path& path, const fs::path& directory) {
  const auto [at, rest] = std::ranges::mismatch(directory, path);
  return at == directory.end();
}

bool same_disk(const fs::path& a, const fs::path& b) {
  struct stat first{}, second{};
  return ::stat(a.c_str(), &first) == 0 && ::stat(b.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev;
}

// The bytes of all files below; what comes and goes meanwhile may be counted or not.
uint64_t size_of(const fs::path& directory) {
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    const uintmax_t size = at->is_regular_file(gone) ? at->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  return bytes;
}

// Something is there already under the name that the copy shall have.
Result<void> check_existing(const fs::path& path) {
  std::error_code error;
  const fs::file_status found = fs::symlink_status(path, error);
  if (!fs::exists(found)) return {};
  if (!fs::is_directory(found) || !fs::is_empty(path, error) || error)
    return unusable(fmt::format(
        "{} is there already and is not an empty directory: name one that does not exist yet",
        path.string()));
  if (!same_disk(path, path.parent_path()))
    return unusable(
        fmt::format("{0} is a disk of its own and cannot be replaced: name a directory on it, such "
                    "as {0}/today",
                    path.string()));
  return {};
}

// Where the copy will be, without links on the way.
Result<fs::path> place_of(const std::string& directory, const std::string& data) {
  fs::path path = fs::path(directory).lexically_normal();
  if (!path.is_absolute())
    return unusable(fmt::format(
        "the directory of a backup must be an absolute path on the server's machine, not '{}'",
        directory));
  if (!path.has_filename()) path = path.parent_path();  // a slash at the end
  std::error_code error;
  const fs::path parent = fs::canonical(path.parent_path(), error);
  if (error || !fs::is_directory(parent, error))
    return unusable(
        fmt::format("{} is not a directory that the server can reach ({}): make it first",
                    path.parent_path().string(), error ? error.message() : "it is a file"));
  path = parent / path.filename();
  const fs::path source = fs::canonical(data, error);
  if (error) return failed("read", data, error.value());
  if (is_within(path, source))
    return unusable(fmt::format("{} is inside the data directory {}: name one outside of it",
                                path.string(), source.string()));
  SELVAGE_TRY(check_existing(path));
  return path;
}

Result<void> check_room(const fs::path& parent, const fs::path& data) {
  const uint64_t queues = size_of(data / "queues");
  const uint64_t needed = same_disk(parent, data) ? std::min(queues, kLargestLogs)
                                                  : queues + size_of(data / "artifacts" / "kept");
  std::error_code error;
  const fs::space_info space = fs::space(parent, error);
  if (error || needed <= space.available) return {};
  return failure(ErrorCode::kDiskFull,
                 fmt::format("the disk of {} has {} left and the copy needs about {}: free some "
                             "space, or name a directory on another disk",
                             parent.string(), show_bytes(space.available), show_bytes(needed)));
}

// The name beside the place; everything below it goes when this does.
class Partial {
 public:
  static Result<Partial> make(const fs::path& place) {
    std::string path = place.string() + ".partial-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) return failed("write to", place.parent_path(), errno);
    return Partial(path);
  }
  Partial(Partial&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  Partial& operator=(Partial&&) = delete;
  ~Partial() {
    if (!path_.empty()) artifact::remove_tree(path_);
  }
  std::string copy() const { return path_ + "/copy"; }

 private:
  explicit Partial(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// First the messages, then the artifacts that they refer to: which none loses meanwhile.
Result<void> copy_all(const BackupSource& source, const std::string& copy,
                      const std::stop_token& stop) {
  std::optional<artifact::Hold> hold;
  if (source.artifacts != nullptr) hold.emplace(source.artifacts->hold());
  const std::shared_ptr<store::Store> store = source.store();
  if (!store)
    return failure(ErrorCode::kRetry, "the data is being opened anew: try again in a moment");
  SELVAGE_TRY(store->checkpoint(copy, stop));
  if (source.artifacts != nullptr)
    SELVAGE_TRY(source.artifacts->copy_kept(copy + "/artifacts", stop));
  return sync_directory(copy);
}

}  // namespace

void Backups::start(const std::string& directory, Done done) {
  std::unique_lock lock(mutex_);
  if (stopped_ || busy_) {
    const bool stopped = stopped_;
    lock.unlock();
    if (stopped) return done(failure(ErrorCode::kGiveUp, "the server stops"));
    return done(failure(ErrorCode::kInUse, "another backup is being made: wait until it is done"));
  }
  busy_ = true;
  thread_ = std::jthread([this, directory, done = std::move(done)](const std::stop_token& stop) {
    Result<uint64_t> made = make(directory, stop);
    if (made)
      log_info("a backup is in {}", directory);
    else
      log_warn("no backup was made in {}: {}", directory, made.error().message);
    {
      const std::scoped_lock ended(mutex_);
      busy_ = false;  // before the answer: whoever has it may ask for another
    }
    done(std::move(made));
  });
}

void Backups::stop() {
  std::jthread last;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    last = std::exchange(thread_, {});
  }
}

Result<uint64_t> Backups::make(const std::string& directory, const std::stop_token& stop) const {
  if (source_.artifacts == nullptr)
    return failure(ErrorCode::kGiveUp,
                   "this server keeps everything in memory: there is nothing to copy");
  const auto place = place_of(directory, source_.data);
  if (!place) return std::unexpected(place.error());
  SELVAGE_TRY(check_room(place->parent_path(), source_.data));
  const auto partial = Partial::make(*place);
  if (!partial) return std::unexpected(partial.error());
  SELVAGE_TRY(copy_all(source_, partial->copy(), stop));
  if (std::rename(partial->copy().c_str(), place->c_str()) != 0)
    return failed("create", *place, errno);
  SELVAGE_TRY(sync_directory(place->parent_path()));
  return size_of(*place);
}

}  // namespace selvage::app
