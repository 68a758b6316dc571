// SPDX-License-Identifier: Apache-2.0
#pragma once
// A file descriptor that is closed once.

#include <unistd.h>

#include <utility>

namespace selvage::process {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;
};
// Both ends close-on-exec; each non-blocking as asked. Dies (CHECK) only when the process is out of
// descriptors beyond its reserve.
Pipe make_pipe(bool read_nonblocking, bool write_nonblocking);

}  // namespace selvage::process
