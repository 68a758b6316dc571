// SPDX-License-Identifier: Apache-2.0
// Any bytes as JSON, walked to the last value.
#include <cstdint>
#include <string_view>

#include "wire/json.h"

namespace {

bool walk(selvage::wire::JsonValue& value) {
  using Kind = selvage::wire::JsonValue::Kind;
  const auto kind = value.kind();
  if (!kind) return false;
  switch (*kind) {
    case Kind::kObject:
      return value.object([](std::string_view, selvage::wire::JsonValue& v) { return walk(v); });
    case Kind::kArray:
      return value.array([](selvage::wire::JsonValue& v) { return walk(v); });
    case Kind::kString:
      return value.string().has_value();
    case Kind::kNumber:
      return value.number().has_value();
    case Kind::kBool:
      return value.boolean().has_value();
    case Kind::kNull:
      return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(selvage::wire::read_json(text, [](auto& root) { return walk(root); }));
  return 0;
}
