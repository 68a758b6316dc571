// SPDX-License-Identifier: Apache-2.0
// Any bytes as JSON, walked to the last value: refused, or the same again when written and read.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "tests/fuzz/text.h"
#include "wire/json.h"
#include "wire/utf8.h"

namespace {

using selvage::wire::JsonValue;
using selvage::wire::JsonWriter;

bool copy(JsonValue& value, JsonWriter& out);

bool copy_object(JsonValue& value, JsonWriter& out) {
  out.begin_object();
  const bool sound = value.object(
      [&](std::string_view key, JsonValue& member) { return copy(member, out.key(key)); });
  out.end_object();
  return sound;
}

bool copy_array(JsonValue& value, JsonWriter& out) {
  out.begin_array();
  const bool sound = value.array([&](JsonValue& item) { return copy(item, out); });
  out.end_array();
  return sound;
}

bool copy(JsonValue& value, JsonWriter& out) {
  using Kind = JsonValue::Kind;
  const auto kind = value.kind();
  if (!kind) return false;
  switch (*kind) {
    case Kind::kObject:
      return copy_object(value, out);
    case Kind::kArray:
      return copy_array(value, out);
    case Kind::kString: {
      const auto text = value.string();
      if (text) SELVAGE_CHECK(selvage::wire::is_utf8(*text));
      return text && (out.string(*text), true);
    }
    case Kind::kNumber: {
      const auto number = value.number();
      return number && (out.number(*number), true);
    }
    case Kind::kBool: {
      const auto boolean = value.boolean();
      return boolean && (out.boolean(*boolean), true);
    }
    case Kind::kNull:
      out.raw("null");
      return true;
  }
  return false;
}

std::optional<std::string> copy_of(std::string_view text) {
  std::string out;
  JsonWriter writer(out);
  const auto read =
      selvage::wire::read_json(text, [&](JsonValue& root) { return copy(root, writer); });
  return read ? std::optional(out) : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = selvage::fuzz::as_text(data, size);
  const auto once = copy_of(text);
  if (once) SELVAGE_CHECK(copy_of(*once) == once);
  // Whoever skips a value is told of its faults all the same.
  const bool sound = selvage::wire::read_json(text, [](JsonValue&) { return true; }).has_value();
  SELVAGE_CHECK(sound || !once);
  return 0;
}
