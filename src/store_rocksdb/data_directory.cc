// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/data_directory.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "store_rocksdb/rocksdb_store.h"

namespace selvage::store_rocksdb {
namespace {

constexpr std::string_view kFormat = "FORMAT";
constexpr std::string_view kNewFormat = "FORMAT.new";
constexpr std::string_view kQueues = "queues";
constexpr std::string_view kFormatWord = "selvage-data ";

std::string format_text() {
  return fmt::format("{}{}\n", kFormatWord, kFormatVersion);
}

std::unexpected<Error> foreign(const std::string& directory) {
  return failure(ErrorCode::kVersion,
                 fmt::format("{} is not a Selvage data directory and is not empty: choose another "
                             "--data directory",
                             directory));
}

// Names that say nothing about whether a directory is in use as a store: the runtime's own, what a
// creation leaves that was cut short, and what every new ext4 volume has.
bool is_neutral(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNeutral = {"run", "work", "artifacts", "lost+found",
                                                        kNewFormat};
  return name.ends_with(".lock") || std::ranges::find(kNeutral, name) != kNeutral.end();
}

Result<void> check_format(const std::string& directory, std::string_view text) {
  if (!text.starts_with(kFormatWord) || !text.ends_with('\n')) return foreign(directory);
  const std::string_view digits =
      text.substr(kFormatWord.size(), text.size() - kFormatWord.size() - 1);
  uint64_t version = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), version);
  if (error != std::errc() || end != digits.end()) return foreign(directory);
  if (version == kFormatVersion) return {};
  return failure(ErrorCode::kVersion,
                 fmt::format("{} was written by format {} of Selvage; this program reads format "
                             "{}: use the matching program or another --data directory",
                             directory, version, kFormatVersion));
}

}  // namespace

Result<Contents> inspect(const std::string& directory) {
  // The names before the marks: what a creation beside us adds after its mark is then not seen
  // without it.
  const auto names = list(directory);
  if (!names) return std::unexpected(names.error());
  const auto mark = read_small(directory, kFormat);
  if (!mark) return std::unexpected(mark.error());
  if (*mark) {
    SELVAGE_TRY(check_format(directory, **mark));
    return Contents::kOurs;
  }
  const auto new_mark = read_small(directory, kNewFormat);
  if (!new_mark) return std::unexpected(new_mark.error());
  const bool begun = *new_mark == format_text();
  const auto is_foreign = [&](std::string_view name) {
    return !is_neutral(name) && !(begun && name == kQueues);
  };
  if (std::ranges::any_of(*names, is_foreign)) return foreign(directory);
  return begun ? Contents::kBegun : Contents::kFree;
}

Result<void> mark_copy(const std::string& directory) {
  return write_synced(directory, kFormat, format_text());
}

Result<DataDirectory> DataDirectory::open(const std::string& path) {
  SELVAGE_TRY(make_directories(path));
  SELVAGE_TRY(inspect(path));  // before the lock file is written: it may not be our directory
  Result<Fd> locked = lock(path, kLock);
  if (!locked) return std::unexpected(locked.error());
  const auto contents = inspect(path);  // nobody else creates it from here on
  if (!contents) return std::unexpected(contents.error());

  DataDirectory directory(path, *std::move(locked));
  directory.is_new_ = *contents != Contents::kOurs;
  if (*contents == Contents::kFree) SELVAGE_TRY(write_synced(path, kNewFormat, format_text()));
  return directory;
}

Result<void> DataDirectory::mark_created() {
  SELVAGE_CHECK(is_new_);
  SELVAGE_TRY(rename_synced(path_, kNewFormat, kFormat));
  is_new_ = false;
  return {};
}

}  // namespace selvage::store_rocksdb
