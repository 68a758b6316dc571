// SPDX-License-Identifier: Apache-2.0
#include "worker/card.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace selvage::worker {
namespace {

constexpr std::string_view kBegin = "selvage-card 1 ";
constexpr State kStates[] = {State::kStarting, State::kIdle, State::kBusy, State::kBackingOff};
constexpr size_t kSumDigits = 16;
constexpr size_t kSumBegin = kCardBytes - kSumDigits - 1;  // the line's end comes last
constexpr size_t kMostMessage = 80;
constexpr std::string_view kNoMessage = "-";
// Begin, the longest state, numbers of at most 20 characters with a space each, a message.
static_assert(kBegin.size() + 12 + 10 * size_t{21} + kMostMessage < kSumBegin);

std::string sum_of(std::string_view text) {
  uint64_t sum = 0xcbf29ce484222325;
  for (const char c : text) sum = (sum ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", sum);
}

bool is_message(std::string_view text) {
  return !text.empty() && text != kNoMessage && text.size() <= kMostMessage &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// Takes words off the front of a line; after the first that is not what it should be, all are zero.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}
  std::string_view text() {
    const size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    sound_ = sound_ && !word.empty();
    return word;
  }
  int64_t number() {
    const std::string_view word = text();
    int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    sound_ = sound_ && error == std::errc() && end == word.data() + word.size() && value >= 0;
    return sound_ ? value : 0;
  }
  State state() {
    const std::string_view word = text();
    const auto* const found = std::ranges::find(kStates, word, name_of);
    sound_ = sound_ && found != std::end(kStates);
    return sound_ ? *found : State::kStarting;
  }
  bool all_were_sound() const { return sound_ && rest_.find_first_not_of(' ') == rest_.npos; }

 private:
  std::string_view rest_;
  bool sound_ = true;
};

Error cannot_open(const std::string& path) {
  const bool full = errno == ENOSPC || errno == EDQUOT;
  return {full ? ErrorCode::kDiskFull : ErrorCode::kSettings,
          fmt::format("cannot write the card '{}': {}{}", path, strerrordesc_np(errno),
                      full ? "; free some space on that disk" : "")};
}

}  // namespace

std::string_view name_of(State state) {
  switch (state) {
    case State::kStarting:
      return "starting";
    case State::kIdle:
      return "idle";
    case State::kBusy:
      return "busy";
    case State::kBackingOff:
      return "backing-off";
  }
  return "";
}

CardLine write_line(const Card& card) {
  CardLine line;
  line.fill(' ');
  const std::string text =
      fmt::format("{}{} {} {} {} {} {} {} {} {} {} {}", kBegin, name_of(card.state),
                  to_micros(card.since), card.done, card.failed, card.died, card.busy.count(),
                  card.cpu.count(), card.memory_kib, card.runner, card.program,
                  is_message(card.message) ? std::string_view(card.message) : kNoMessage);
  SELVAGE_CHECK(text.size() < kSumBegin);
  std::ranges::copy(text, line.begin());
  std::ranges::copy(sum_of({line.data(), kSumBegin}), line.begin() + kSumBegin);
  line.back() = '\n';
  return line;
}

std::optional<Card> read_line(std::string_view line) {
  if (line.size() != kCardBytes || line.back() != '\n' || !line.starts_with(kBegin))
    return std::nullopt;
  if (line.substr(kSumBegin, kSumDigits) != sum_of(line.substr(0, kSumBegin))) return std::nullopt;
  Words words(line.substr(kBegin.size(), kSumBegin - kBegin.size()));
  Card card;
  card.state = words.state();
  card.since = from_micros(words.number());
  card.done = words.number();
  card.failed = words.number();
  card.died = words.number();
  card.busy = Duration(words.number());
  card.cpu = Duration(words.number());
  card.memory_kib = words.number();
  card.runner = static_cast<pid_t>(words.number());
  card.program = static_cast<pid_t>(words.number());
  card.message = words.text();
  if (card.message == kNoMessage) card.message.clear();
  if (!words.all_were_sound()) return std::nullopt;
  return card;
}

std::optional<Card> read_card(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  // One byte more, so that a longer file is seen to be none of ours. A writer may be in the middle
  // of its line: the second look meets the whole one.
  std::array<char, kCardBytes + 1> bytes;
  std::optional<Card> card;
  for (int tries = 0; tries < 2 && !card; ++tries) {
    const ssize_t size = ::pread(fd, bytes.data(), bytes.size(), 0);
    if (size > 0) card = read_line({bytes.data(), static_cast<size_t>(size)});
  }
  ::close(fd);
  return card;
}

Result<CardFile> CardFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return std::unexpected(cannot_open(path));
  CardFile file(fd);
  // Another version's card may have been longer.
  if (ftruncate(fd, kCardBytes) != 0) return std::unexpected(cannot_open(path));
  return file;
}

CardFile::CardFile(CardFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), told_(other.told_), shown_(std::move(other.shown_)) {}

CardFile::~CardFile() {
  if (fd_ >= 0) ::close(fd_);
}

void CardFile::show(const Card& card) {
  if (shown_ == card) return;
  const CardLine line = write_line(card);
  if (::pwrite(fd_, line.data(), line.size(), 0) == static_cast<ssize_t>(line.size())) {
    shown_ = card;
    told_ = false;
  } else if (!std::exchange(told_, true)) {
    log_warn("cannot write the worker's card: {}", strerrordesc_np(errno));
  }
}

}  // namespace selvage::worker
