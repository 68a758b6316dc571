// SPDX-License-Identifier: Apache-2.0
#include "store_rocksdb/synced_mark.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>

#include "base/clock.h"
#include "base/log.h"

namespace selvage::store_rocksdb {
namespace {

constexpr std::string_view kName = "SYNCED";
constexpr size_t kDigits = 20;

std::string line_of(uint64_t sequence) {
  return fmt::format("{:020} {:016x}\n", sequence, SeededRandom(sequence).next());
}

std::optional<uint64_t> read_line(std::string_view text) {
  uint64_t sequence = 0;
  const std::string_view digits = text.substr(0, kDigits);
  std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
  if (text != line_of(sequence)) return std::nullopt;
  return sequence;
}

}  // namespace

Result<SyncedMark> SyncedMark::open(const std::string& queues) {
  const auto text = read_small(queues, kName);
  if (!text) return std::unexpected(text.error());
  SyncedMark mark(queues + "/" + std::string(kName));
  if (!*text) return mark;
  const auto sequence = read_line(**text);
  mark.found_ = sequence.value_or(0);
  if (!sequence)
    log_warn("{} cannot be read: whether the log is whole is not known this time", mark.path_);
  return mark;
}

void SyncedMark::write(uint64_t sequence) {
  if (!file_) file_ = Fd(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::string line = line_of(sequence);
  if (::pwrite(file_.get(), line.data(), line.size(), 0) != static_cast<ssize_t>(line.size()))
    file_ = Fd();
}

}  // namespace selvage::store_rocksdb
