/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that lies, for LD_PRELOAD: a sync of a write-ahead log (*.log) says yes at once and does
   nothing. Everything else is synced, so that what is found after a power cut is sound, but old. */
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

int fsync(int fd) {
  return is_log(fd) ? 0 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd) {
  return is_log(fd) ? 0 : (int)syscall(SYS_fdatasync, fd);
}
