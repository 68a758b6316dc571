/* SPDX-License-Identifier: Apache-2.0 */
/* For LD_PRELOAD: a store whose write-ahead log (*.log) forgets. With -DLOSE_WRITES what is written to
   it goes nowhere, which a kill must show; without, a sync of it does nothing, which a power cut must
   show. All other files are sound, so what is found afterwards is sound, but old. */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_log(int fd) {
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path);
  return size > 4 && memcmp(path + size - 4, ".log", 4) == 0;
}

#ifdef LOSE_WRITES
ssize_t write(int fd, const void* data, size_t size) {
  return is_log(fd) ? (ssize_t)size : syscall(SYS_write, fd, data, size);
}
#else
int fsync(int fd) {
  return is_log(fd) ? 0 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
  return is_log(fd) ? 0 : (int)syscall(SYS_fdatasync, fd);
}
#endif
