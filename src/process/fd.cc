// SPDX-License-Identifier: Apache-2.0
#include "process/fd.h"

#include <fcntl.h>

#include "base/check.h"

namespace selvage::process {

Pipe make_pipe(bool read_nonblocking, bool write_nonblocking) {
  int ends[2];
  SELVAGE_CHECK(pipe2(ends, O_CLOEXEC) == 0);
  // A fresh pipe has no other status flag that F_SETFL could lose.
  if (read_nonblocking) SELVAGE_CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
  if (write_nonblocking) SELVAGE_CHECK(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

}  // namespace selvage::process
