// SPDX-License-Identifier: Apache-2.0
#pragma once
// Copies of files that are worth something after a loss of power. A name is durable only once its
// directory was synced: sync_directory() comes last.
//
// Failure, of all: kDiskFull (the disk of the copy) or kSettings; the sentence names the files.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace selvage {

// A second name for the same bytes where the file system gives one, else a synced copy. For files
// that nobody writes to any more. `to` must not exist.
Result<void> link_or_copy(const std::string& from, const std::string& to);

// The first `size` bytes of a file that may be growing, synced. `to` must not exist.
Result<void> copy_head(const std::string& from, const std::string& to, uint64_t size);

// A new file with these bytes, synced. `to` must not exist.
Result<void> write_new(const std::string& to, std::string_view bytes);

Result<void> sync_directory(const std::string& directory);

}  // namespace selvage
