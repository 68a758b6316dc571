// SPDX-License-Identifier: Apache-2.0
#include "artifact/artifacts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <utility>

#include "base/check.h"

namespace selvage::artifact {
namespace {

namespace fs = std::filesystem;
constexpr auto kStagedLife = std::chrono::hours(1);

Error describe(const std::string& doing, const std::string& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  return {full ? ErrorCode::kDiskFull : ErrorCode::kSettings,
          fmt::format("cannot {} {}: {}{}", doing, path, std::strerror(error),
                      full ? "; free some space on that disk" : "")};
}

Result<void> flush(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return errno == ELOOP ? Result<void>{} : std::unexpected(describe("open", path, errno));
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  if (error != 0) return std::unexpected(describe("write", path, error));
  return {};
}

Result<void> flush_tree(const std::string& directory) {
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error))
    if (at->is_regular_file(error) || at->is_directory(error)) SELVAGE_TRY(flush(at->path()));
  if (error) return std::unexpected(describe("read", directory, error.value()));
  return flush(directory);
}

Result<void> move(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return {};
  return std::unexpected(describe("move", from, errno));
}

}  // namespace

// What holds have put off. Nobody waits for a removal but a hold that begins: it finds whole
// artifacts only.
class Hold::Books {
 public:
  void hold() {
    std::unique_lock lock(mutex_);
    ++holds_;
    removed_.wait(lock, [&] { return removing_ == 0; });
  }
  void end_hold() {
    std::unique_lock lock(mutex_);
    SELVAGE_CHECK(holds_ > 0);
    if (--holds_ == 0) remove_now(std::exchange(put_off_, {}), lock);
  }
  void remove(const std::string& path) {
    std::unique_lock lock(mutex_);
    if (holds_ > 0)
      put_off_.push_back(path);
    else
      remove_now({path}, lock);
  }

 private:
  void remove_now(const std::vector<std::string>& paths, std::unique_lock<std::mutex>& lock) {
    ++removing_;
    lock.unlock();
    for (const std::string& path : paths) remove_tree(path);
    lock.lock();
    --removing_;
    removed_.notify_all();
  }

  std::mutex mutex_;  // over everything below
  std::condition_variable removed_;
  int holds_ = 0;
  int removing_ = 0;
  std::vector<std::string> put_off_;
};

Hold::Hold(std::shared_ptr<Books> books) : books_(std::move(books)) {
  books_->hold();
}

Hold::~Hold() {
  if (books_) books_->end_hold();
}

Artifacts::Artifacts(std::string root)
    : root_(std::move(root)), books_(std::make_shared<Hold::Books>()) {}

Result<Artifacts> Artifacts::open(const std::string& root) {
  std::error_code error;
  for (const char* part : {"/staged", "/kept"}) {
    fs::create_directories(root + part, error);
    if (error) return std::unexpected(describe("create", root + part, error.value()));
  }
  return Artifacts(root);
}

Result<ArtifactId> Artifacts::stage(const std::string& directory, Random& random) const {
  const ArtifactId id = Uuid::from_random(random.next(), random.next());
  SELVAGE_TRY(flush_tree(directory));
  SELVAGE_TRY(move(directory, staged_path(id)));
  return id;
}

void Artifacts::discard(ArtifactId id) const {
  remove_tree(staged_path(id));
}

std::string Artifacts::path(ArtifactId id) const {
  return root_ + "/kept/" + id.to_string();
}
std::string Artifacts::staged_path(ArtifactId id) const {
  return root_ + "/staged/" + id.to_string();
}

bool Artifacts::is_staged(ArtifactId id) const {
  std::error_code error;
  return fs::is_directory(staged_path(id), error) || fs::is_directory(path(id), error);
}

Result<void> Artifacts::keep(ArtifactId id) const {
  std::error_code error;
  if (fs::is_directory(path(id), error)) return {};
  return move(staged_path(id), path(id));
}

Result<void> Artifacts::sync() const {
  return flush(root_ + "/kept");
}

void Artifacts::release(ArtifactId id) const {
  books_->remove(path(id));
}

Hold Artifacts::hold() const {
  return Hold(books_);
}

void Artifacts::sweep(const std::set<ArtifactId>& live) const {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(root_ + "/kept", error)) {
    const auto id = Uuid::parse(entry.path().filename().string());
    if (id && !live.contains(*id)) remove_tree(entry.path());
  }
  const auto now = fs::file_time_type::clock::now();
  for (const auto& entry : fs::directory_iterator(root_ + "/staged", error))
    if (now - entry.last_write_time(error) > kStagedLife) remove_tree(entry.path());
}

void remove_tree(const std::string& path) {
  std::error_code ignored;  // what cannot be removed now is swept later
  fs::remove_all(path, ignored);
}

}  // namespace selvage::artifact
