// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a running server uses: CPU, memory, disk.

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace selvage::bench {

// User and system time of all threads of a process since it began; to the nanosecond.
int64_t cpu_ns(pid_t pid);

struct Memory {
  int64_t resident_bytes = 0;   // VmRSS
  int64_t anonymous_bytes = 0;  // RssAnon: without what the kernel can drop at any time
};
Memory memory_of(pid_t pid);

// What the files below a directory take on the disk. Files that go away meanwhile do not count.
int64_t disk_bytes(const std::string& directory);

}  // namespace selvage::bench
