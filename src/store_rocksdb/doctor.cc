// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/doctor.h"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/sst_file_reader.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "store_rocksdb/data_directory.h"
#include "store_rocksdb/failures.h"
#include "store_rocksdb/rocksdb_store.h"
#include "store_rocksdb/synced_mark.h"
#include "store_rocksdb/tuning.h"

namespace selvage::store_rocksdb {
namespace {

namespace fs = std::filesystem;
using store::Finding;

constexpr const char* kRestore = "restore a backup: a server refuses to start with this";
constexpr const char* kBrokenLog =
    "restore a backup: a server refuses to start without what was acknowledged and stands behind "
    "the damage, unless it is told to with --accept-loss";

constexpr std::string_view kDropping = ": dropping ";

// What RocksDB says while it opens; of interest is what it leaves out of a log.
class Listener final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::array<char, 8192> text;  // there is a path in it
    const int length = std::vsnprintf(text.data(), text.size(), format, arguments);
    if (length < 0) return;
    const std::string_view line(text.data(),
                                std::min(static_cast<size_t>(length), text.size() - 1));
    if (line.find(kDropping) == line.npos) return;
    const std::lock_guard lock(mutex_);
    dropped_.emplace_back(line);
  }
  std::vector<std::string> dropped() {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> dropped_;
};

// A database that only reads.
class Reader final : public store::Store {
 public:
  ~Reader() override {
    for (rocksdb::ColumnFamilyHandle* handle : tables_) db_->DestroyColumnFamilyHandle(handle);
  }
  rocksdb::Status open(const rocksdb::DBOptions& options, const std::string& queues) {
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::OpenForReadOnly(options, queues, column_families(), &tables_, &db);
    db_.reset(db);
    return status;
  }
  uint64_t last_record() const { return db_->GetLatestSequenceNumber(); }
  std::vector<rocksdb::LiveFileMetaData> live_files() const {
    std::vector<rocksdb::LiveFileMetaData> files;
    db_->GetLiveFilesMetaData(&files);
    return files;
  }

  Result<uint64_t> claim(ShardIndex) override { return read_only(); }
  Result<void> apply(ShardIndex, uint64_t, store::Batch) override { return read_only(); }
  Result<void> sync() override { return read_only(); }
  Result<void> scan(store::Table table, std::string_view first, std::string_view last,
                    FunctionRef<bool(std::string_view, std::string_view)> each) override {
    constexpr std::string_view kLowestKey{"\0", 1};  // below is what the store keeps for itself
    const rocksdb::Slice bound(last.data(), last.size());
    rocksdb::ReadOptions options;
    options.iterate_upper_bound = &bound;
    options.fill_cache = false;
    options.readahead_size = 2 << 20;
    const std::unique_ptr<rocksdb::Iterator> at(
        db_->NewIterator(options, tables_[static_cast<size_t>(table)]));
    const std::string_view start = std::max(first, kLowestKey);
    for (at->Seek({start.data(), start.size()}); at->Valid(); at->Next())
      if (!each({at->key().data(), at->key().size()}, {at->value().data(), at->value().size()}))
        return {};
    if (at->status().ok()) return {};
    return failure(ErrorCode::kCorruption, at->status().ToString());
  }
  Result<std::vector<std::optional<std::string>>> read(store::Table,
                                                       const std::vector<std::string>&) override {
    return read_only();
  }
  store::Statistics statistics() override { return {}; }

 private:
  static std::unexpected<Error> read_only() {
    return failure(ErrorCode::kGiveUp, "this store can only be scanned");
  }
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> tables_;
};

// Forgiving: damaged and missing tables are met when they are read. Strict: what a server does.
enum class Manner { kForgiving, kStrict };

rocksdb::DBOptions options_for(Manner manner, std::shared_ptr<rocksdb::Logger> listener) {
  const bool strict = manner == Manner::kStrict;
  rocksdb::DBOptions options;
  options.info_log = std::move(listener);  // else RocksDB writes a LOG beside the tables
  options.paranoid_checks = strict;
  // On in both: without it RocksDB 7.8 wants to write to the manifest, and stops at an assertion.
  options.track_and_verify_wals_in_manifest = true;
  options.wal_recovery_mode = strict ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                                     : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.max_open_files = -1;
  return options;
}

// From "/data/queues/000012.log: dropping 30 bytes; WHY", which may come once for every part of a
// damaged log.
Finding broken_log(const std::string& line) {
  const std::string path = line.substr(0, line.find(kDropping));
  const size_t name = path.find_last_of('/') + 1;
  const size_t why = line.find("; ", path.size());
  return {"queues/" + path.substr(name),
          "the log is damaged, and what stands behind is lost: " +
              line.substr(why == line.npos ? path.size() : why + 2),
          kBrokenLog};
}

std::string without(std::string text, const std::string& part) {
  for (size_t at = text.find(part); at != text.npos; at = text.find(part))
    text.erase(at, part.size());
  return text;
}

class Examiner {
 public:
  Examiner(const std::string& directory, Examination& result)
      : queues_(directory + "/queues"), result_(result) {}

  void examine() {
    measure();
    result_.engine = engine();
    const auto listener = std::make_shared<Listener>();
    auto forgiving = std::make_unique<Reader>();
    const rocksdb::Status opened =
        forgiving->open(options_for(Manner::kForgiving, listener), queues_);
    if (!opened.ok()) {
      find("queues/", "the store cannot be opened: " + said(opened), kRestore);
      return;
    }
    for (const rocksdb::LiveFileMetaData& file : forgiving->live_files()) verify(file);
    const bool tables_are_sound = result_.findings.empty();
    result_.records = std::move(forgiving);
    const uint64_t readable = tables_are_sound ? open_strictly() : 0;
    const uint64_t synced = last_synced();
    // What a power cut has torn was never synced, and a server leaves it out without a word.
    if (readable > 0 && synced > 0 && readable >= synced) return;
    for (const std::string& line : listener->dropped()) find_broken(broken_log(line));
    if (readable > 0 && readable < synced && result_.findings.empty())
      find("queues/", fmt::format("the logs end {} records too early", synced - readable),
           kBrokenLog);
  }

 private:
  void find(std::string where, std::string what, const char* todo) {
    result_.findings.push_back({std::move(where), std::move(what), todo});
  }
  void find_broken(Finding log) {
    if (std::ranges::find(result_.findings, log.where, &Finding::where) == result_.findings.end())
      result_.findings.push_back(std::move(log));
  }
  std::string said(const rocksdb::Status& status) const {
    return without(status.ToString(), queues_ + "/");
  }

  void measure() {
    std::error_code error;
    for (fs::directory_iterator at(queues_, error), end; !error && at != end; at.increment(error)) {
      std::error_code ignored;
      const uint64_t size = at->is_regular_file(ignored) ? at->file_size(ignored) : 0;
      result_.bytes += size;
      if (at->path().extension() == ".log") result_.log_bytes += size;
    }
  }

  // The newest OPTIONS file names the program that wrote it.
  std::string engine() const {
    std::string newest;
    std::error_code error;
    for (fs::directory_iterator at(queues_, error), end; !error && at != end; at.increment(error))
      if (const std::string name = at->path().filename(); name.starts_with("OPTIONS-"))
        newest = std::max(newest, name);
    std::ifstream file(queues_ + "/" + newest);
    constexpr std::string_view kWord = "rocksdb_version=";
    for (std::string line; !newest.empty() && std::getline(file, line);)
      if (const size_t at = line.find(kWord); at != line.npos)
        return "RocksDB " + line.substr(at + kWord.size());
    return "";
  }

  // One table: is it there, as long as it was, and does every block have the sum that it had?
  void verify(const rocksdb::LiveFileMetaData& file) {
    ++result_.files;
    const std::string name = file.relative_filename;
    const std::string path = queues_ + "/" + name;
    const std::string where = "queues/" + name;
    std::error_code error;
    const uintmax_t size = fs::file_size(path, error);
    if (error) return find(where, "it cannot be read: " + error.message(), kRestore);
    if (size != file.size)
      return find(where, fmt::format("it has {} bytes, but {} were written", size, file.size),
                  kRestore);
    rocksdb::SstFileReader reader{rocksdb::Options()};
    rocksdb::Status status = reader.Open(path);
    if (status.ok()) status = reader.VerifyChecksum();
    if (!status.ok())
      find(where, "its bytes are not those that were written: " + said(status), kRestore);
  }

  // The last record that was certainly synced; 0: nobody knows, as of a backup.
  uint64_t last_synced() const {
    const auto mark = SyncedMark::open(queues_);
    return mark ? mark->found() : 0;
  }

  // The number of the last record that a server would have; 0: it would not open the store.
  uint64_t open_strictly() {
    auto strict = std::make_unique<Reader>();
    const rocksdb::Status opened =
        strict->open(options_for(Manner::kStrict, std::make_shared<Listener>()), queues_);
    if (!opened.ok()) {
      find("queues/", "a server cannot open the store: " + said(opened), kRestore);
      return 0;
    }
    const uint64_t last = strict->last_record();
    result_.records = std::move(strict);
    return last;
  }

  const std::string queues_;
  Examination& result_;
};

std::unexpected<Error> nothing_here(const std::string& sentence) {
  return failure(ErrorCode::kSettings, sentence);
}

std::unexpected<Error> unreadable(const std::string& path, const std::error_code& error) {
  return nothing_here(fmt::format("{} cannot be read ({}): run this as the user of the server",
                                  path, error.message()));
}

Result<void> check_place(const std::string& directory) {
  std::error_code error;
  const fs::file_status found = fs::status(directory, error);
  if (found.type() == fs::file_type::not_found)
    return nothing_here(
        fmt::format("there is no directory {}: say where the data is with --data DIR", directory));
  if (error) return unreadable(directory, error);
  if (!fs::is_directory(found))
    return nothing_here(
        fmt::format("{} is not a directory: say where the data is with --data DIR", directory));
  return {};
}

// What another user may not read is not damaged.
Result<void> check_readable(const std::string& directory) {
  std::error_code error;
  for (const std::string& each : {directory, directory + "/queues"}) {
    if (!fs::exists(each, error)) continue;
    fs::directory_iterator at(each, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error))
      if (at->is_regular_file() && ::access(at->path().c_str(), R_OK) != 0)
        return unreadable(at->path(), std::error_code(errno, std::generic_category()));
    if (error) return unreadable(each, error);
  }
  return {};
}

Result<void> check_contents(const std::string& directory) {
  const auto contents = inspect(directory);
  if (!contents) return std::unexpected(contents.error());
  if (*contents == Contents::kFree)
    return nothing_here(fmt::format(
        "{} holds no data: no server has been started on it yet; if there should be any, look for "
        "another directory, or restore a backup",
        directory));
  if (*contents == Contents::kBegun)
    return nothing_here(fmt::format(
        "{} holds no data: its first server did not get so far; start one and it goes on",
        directory));
  return {};
}

Error explain_use(const Error& error, const std::string& directory) {
  const std::string fact = error.message.substr(0, error.message.rfind(": "));
  return {error.code,
          fmt::format("{}: examine a copy of it (selvage backup COPY, then selvage doctor --data "
                      "COPY), or stop that process first; {} was not looked at",
                      fact, directory)};
}

}  // namespace

Result<Examination> examine(const std::string& directory) {
  SELVAGE_TRY(check_place(directory));
  SELVAGE_TRY(check_readable(directory));
  SELVAGE_TRY(check_contents(directory));
  auto lock = lock_out(directory, kLock);
  if (!lock && lock.error().code == ErrorCode::kInUse)
    return std::unexpected(explain_use(lock.error(), directory));
  if (!lock) return std::unexpected(lock.error());
  Examination result;
  result.lock = *std::move(lock);
  result.format = kFormatVersion;  // any other was refused
  Examiner(directory, result).examine();
  return result;
}

}  // namespace selvage::store_rocksdb
