// SPDX-License-Identifier: Apache-2.0
// The kept artifacts once more, somewhere else.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "artifact/artifacts.h"
#include "base/copy.h"

namespace selvage::artifact {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> failed(std::string_view doing, const fs::path& path,
                              const std::error_code& error) {
  const bool full = error.value() == ENOSPC || error.value() == EDQUOT;
  return failure(full ? ErrorCode::kDiskFull : ErrorCode::kSettings,
                 fmt::format("cannot {} {}: {}", doing, path.string(), error.message()));
}

Result<void> make_directory(const fs::path& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  return failed("create", path, std::error_code(errno, std::generic_category()));
}

Result<void> copy_directory(const fs::path& from, const fs::path& to);

// What is neither a file, a folder nor a link cannot be copied and has no content: it is left out.
Result<void> copy_entry(const fs::directory_entry& entry, const fs::path& to) {
  std::error_code error;
  const fs::file_type type = entry.symlink_status(error).type();
  if (error) return failed("read", entry.path(), error);
  if (type == fs::file_type::directory) return copy_directory(entry.path(), to);
  if (type == fs::file_type::regular) return link_or_copy(entry.path(), to);
  if (type == fs::file_type::symlink) fs::copy_symlink(entry.path(), to, error);
  if (error) return failed("copy", entry.path(), error);
  return {};
}

Result<void> copy_directory(const fs::path& from, const fs::path& to) {
  SELVAGE_TRY(make_directory(to));
  std::error_code error;
  fs::directory_iterator at(from, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error))
    SELVAGE_TRY(copy_entry(*at, to / at->path().filename()));
  if (error) return failed("read", from, error);
  fs::permissions(to, fs::status(from, error).permissions(), error);  // now it may be read-only
  if (error) return failed("copy", from, error);
  return sync_directory(to);
}

}  // namespace

Result<std::vector<ArtifactId>> Artifacts::kept() const {
  std::vector<ArtifactId> ids;
  std::error_code error;
  fs::directory_iterator at(root_ + "/kept", error);
  for (; !error && at != fs::directory_iterator(); at.increment(error))
    if (const auto id = Uuid::parse(at->path().filename().string())) ids.push_back(*id);
  if (error) return failed("read", root_ + "/kept", error);
  std::ranges::sort(ids);
  return ids;
}

Result<void> Artifacts::copy_kept(const std::string& root, const std::stop_token& stop) const {
  const fs::path kept_there = root + "/kept";
  for (const fs::path& made : {fs::path(root), kept_there, fs::path(root + "/staged")})
    SELVAGE_TRY(make_directory(made));
  const auto ids = kept();
  if (!ids) return std::unexpected(ids.error());
  for (const ArtifactId id : *ids) {
    if (stop.stop_requested()) return failure(ErrorCode::kGiveUp, "the server stops");
    SELVAGE_TRY(copy_directory(path(id), kept_there / id.to_string()));
  }
  SELVAGE_TRY(sync_directory(kept_there));
  return sync_directory(root);
}

}  // namespace selvage::artifact
