// SPDX-License-Identifier: Apache-2.0
#include "incident/lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace selvage::incident {
namespace {

constexpr size_t kReadSize = 64 << 10;

int open_to_read(const std::string& path) {
  return ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
}

bool are_one_file(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

}  // namespace

std::string rotated(const std::string& path) {
  return path + ".1";
}

LineReader::LineReader(std::string path) : path_(std::move(path)) {
  open_both();
}

LineReader::~LineReader() {
  if (fd_ >= 0) close(fd_);
  if (after_ >= 0) close(after_);
}

LineReader::LineReader(LineReader&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      after_(std::exchange(other.after_, -1)),
      read_(std::move(other.read_)),
      at_(std::exchange(other.at_, 0)) {}

// The newer one first: it may become the older one meanwhile, and then that is all there is.
void LineReader::open_both() {
  const int newer = open_to_read(path_);
  const int older = open_to_read(rotated(path_));
  struct stat of_newer{}, of_older{};
  const bool are_two = newer >= 0 && older >= 0 && fstat(newer, &of_newer) == 0 &&
                       fstat(older, &of_older) == 0 && !are_one_file(of_newer, of_older);
  if (older >= 0 && (are_two || newer < 0)) {
    fd_ = older;
    after_ = newer;
    return;
  }
  if (older >= 0) close(older);
  fd_ = newer;
}

bool LineReader::is_current() const {
  struct stat named{}, open{};
  return stat(path_.c_str(), &named) != 0 || (fstat(fd_, &open) == 0 && are_one_file(named, open));
}

bool LineReader::read_more() {
  if (fd_ < 0) open_both();
  if (fd_ < 0) return false;
  read_.erase(0, std::exchange(at_, 0));
  static thread_local std::array<char, kReadSize> buffer;
  ssize_t size = 0;
  do size = ::read(fd_, buffer.data(), buffer.size());
  while (size < 0 && errno == EINTR);
  if (size > 0) read_.append(buffer.data(), static_cast<size_t>(size));
  return size > 0;
}

// Only after nothing was left to read in this one, and it is no more written to.
bool LineReader::move_on() {
  if (fd_ < 0 || (after_ < 0 && is_current())) return false;
  const int next = after_ >= 0 ? std::exchange(after_, -1) : open_to_read(path_);
  if (next < 0) return false;
  if (read_more()) {  // it came just before the new file
    close(next);
    return true;
  }
  close(fd_);
  fd_ = next;
  read_.clear();  // a line without its end will get none any more
  at_ = 0;
  return true;
}

std::optional<std::string> LineReader::next() {
  while (true) {
    const size_t end = read_.find('\n', at_);
    if (end != std::string::npos) {
      std::string line = read_.substr(at_, end - at_);
      at_ = end + 1;
      return line;
    }
    if (!read_more() && !move_on()) return std::nullopt;
  }
}

}  // namespace selvage::incident
