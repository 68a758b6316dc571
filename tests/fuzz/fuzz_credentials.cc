// SPDX-License-Identifier: Apache-2.0
// Any text as a credentials file: refused with its place in the file, or keys that can be used.
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "app/credentials.h"
#include "base/check.h"

namespace {

// A file that is in memory only.
class MemoryFile {
 public:
  MemoryFile() : fd_(memfd_create("keys.yaml", MFD_CLOEXEC)) {
    SELVAGE_CHECK(fd_ >= 0 && fchmod(fd_, S_IRUSR | S_IWUSR) == 0);
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }
  void set(const uint8_t* data, size_t size) const {
    SELVAGE_CHECK(ftruncate(fd_, 0) == 0);
    SELVAGE_CHECK(pwrite(fd_, data, size, 0) == static_cast<ssize_t>(size));
  }

 private:
  int fd_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const MemoryFile file;
  if (size > 0) file.set(data, size);
  const auto keys = selvage::app::read_credentials(file.path());
  if (!keys) {
    SELVAGE_CHECK(keys.error().code == selvage::ErrorCode::kSettings);
    SELVAGE_CHECK(keys.error().message.starts_with(file.path() + ":"));
    return 0;
  }
  SELVAGE_CHECK(!keys->empty());
  const auto keyring = selvage::auth::Keyring::make(*keys);
  if (!keyring) return 0;  // an id twice, or of odd characters
  for (const auto& key : *keys) {
    const auto found = keyring->find(key.id);
    SELVAGE_CHECK(found && found->secret == key.secret && !key.secret.empty());
    grants(*found, "SendMessage", "orders");
  }
  return 0;
}
