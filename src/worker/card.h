// SPDX-License-Identifier: Apache-2.0
#pragma once
// A worker's card: what it does and what it has done, for whoever looks. One line of kCardBytes
// bytes, filled up with spaces, rewritten whole at each begin and end of an attempt:
//
//   selvage-card 1 busy 1700000000000000 41 2 1 8200000 310000 20480 977 978 4f5d…-… …  <sum>
//   version, state, since (µs), done, failed, died, busy µs, cpu µs, most memory (KiB), pid of the
//   runner, pid of the program, message; at the end 16 hex digits of FNV-1a over all before them.

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace selvage::worker {

enum class State {
  kStarting,    // it has no session with the broker: not yet, or not any more
  kIdle,        // it waits for a message
  kBusy,        // its program has one
  kBackingOff,  // its program could not be started; it will be tried again
};
std::string_view name_of(State state);

struct Card {
  State state = State::kStarting;
  Instant since{};           // of the state
  int64_t done = 0;          // attempts that ended well, since this runner was started
  int64_t failed = 0;        // … that failed, the worker surviving
  int64_t died = 0;          // … that their program did not survive
  Duration busy{0};          // all those together; not the one under way
  Duration cpu{0};           // used by them, as far as the kernel told
  int64_t memory_kib = 0;    // the most that one program had at once; 0: unknown
  pid_t runner = 0;          // who writes this
  pid_t program = 0;         // 0: none runs, or unknown
  std::string message = {};  // the id of the message in the program; empty: none

  int64_t attempts() const { return done + failed + died; }
  bool operator==(const Card&) const = default;
};

inline constexpr size_t kCardBytes = 384;
using CardLine = std::array<char, kCardBytes>;
// A message id that does not fit is left out.
CardLine write_line(const Card& card);
// nullopt for anything that write_line() did not make.
std::optional<Card> read_line(std::string_view line);

// nullopt: there is none, or none that can be understood.
std::optional<Card> read_card(const std::string& path);

// Keeps the file. A card is no reason to stop working: what cannot be written is told once.
class CardFile {
 public:
  // Failure: kSettings or kDiskFull.
  static Result<CardFile> open(const std::string& path);
  CardFile(CardFile&& other) noexcept;
  CardFile& operator=(CardFile&&) = delete;
  ~CardFile();

  // Writes it unless it stands there already. No sync: nobody needs it after a power cut.
  void show(const Card& card);

 private:
  explicit CardFile(int fd) : fd_(fd) {}
  int fd_ = -1;
  bool told_ = false;
  std::optional<Card> shown_;
};

}  // namespace selvage::worker
