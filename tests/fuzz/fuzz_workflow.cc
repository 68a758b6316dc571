// SPDX-License-Identifier: Apache-2.0
// Any bytes as a workflow file: a plan or problems, never a crash; a plan survives its own
// printing.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "workflow/check.h"
#include "workflow/print.h"

namespace {

class EveryProgram final : public selvage::workflow::Programs {
 public:
  std::expected<std::string, std::string> find(const std::string& name,
                                               const std::string&) override {
    return name.starts_with('/') ? name : "/" + name;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  EveryProgram programs;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto plan = selvage::workflow::check(text, "fuzz.yaml", programs);
  if (plan)
    SELVAGE_CHECK(
        selvage::workflow::check(selvage::workflow::print_file(*plan), "fuzz.yaml", programs));
  return 0;
}
