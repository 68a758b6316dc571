// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reading a file of lines that other processes append to, and rename to FILE.1 when it is full.

#include <sys/types.h>

#include <optional>
#include <string>

namespace selvage::incident {

// What a file of lines is called when a new one has begun.
std::string rotated(const std::string& path);

// Not thread-safe.
class LineReader {
 public:
  // Begins with FILE.1, if there is one. A file that is not there has no lines yet.
  explicit LineReader(std::string path);
  ~LineReader();
  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&&) = delete;

  // The next whole line, without its end; nullopt: none for now. May be asked again for ever.
  std::optional<std::string> next();

 private:
  void open_both();
  bool read_more();  // false: there is nothing more for now
  bool move_on();    // to the file that came after this one
  bool is_current() const;

  std::string path_;
  int fd_ = -1;       // of the file that is read
  int after_ = -1;    // of the one that follows, where that is known
  std::string read_;  // and not yet given, from at_ on
  size_t at_ = 0;
};

}  // namespace selvage::incident
