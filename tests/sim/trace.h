// SPDX-License-Identifier: Apache-2.0
#pragma once
// What happened, line by line: hashed always, so that two runs of a seed can be compared; printed
// when somebody wants to read it.

#include <fmt/core.h>

#include <cstdio>
#include <string>
#include <utility>

#include "base/time.h"

namespace selvage::sim {

class Trace {
 public:
  explicit Trace(bool printed) : printed_(printed) {}

  template <typename... Args>
  void line(Instant now, fmt::format_string<Args...> format, Args&&... args) {
    text_.clear();
    fmt::format_to(std::back_inserter(text_), "{:>16} ", to_micros(now) - kStart);
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    for (const char c : text_) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * kPrime;
    ++lines_;
    if (printed_) std::puts(text_.c_str());
  }
  uint64_t hash() const { return hash_; }
  uint64_t lines() const { return lines_; }

 private:
  static constexpr int64_t kStart = 1'700'000'000'000'000;  // where a ManualClock begins
  static constexpr uint64_t kPrime = 0x100000001B3;         // FNV-1a, 64 bits

  bool printed_;
  uint64_t hash_ = 0xCBF29CE484222325;
  uint64_t lines_ = 0;
  std::string text_;
};

// The first thing that a checker found; the run of the seed stops there.
class Verdict {
 public:
  void fail(const std::string& checker, const std::string& what) {
    if (text_.empty()) text_ = checker + ": " + what;
  }
  bool failed() const { return !text_.empty(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace selvage::sim
