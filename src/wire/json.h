// SPDX-License-Identifier: Apache-2.0
#pragma once
// JSON in and out. Reading is forward-only over the bytes as they came, without a tree: visit each
// field once, in the order in which it stands. The parser behind it is named in json.cc only.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/function_ref.h"

namespace selvage::wire {

// One value under the cursor. Each may be read once; one that is not read must still be sound.
// Text stays valid until read_json returns.
class JsonValue {
 public:
  enum class Kind { kObject, kArray, kString, kNumber, kBool, kNull };

  std::optional<Kind> kind();  // nullopt when the text is malformed here
  // nullopt when the value is of another kind or malformed (invalid UTF-8 and escapes included).
  std::optional<std::string_view> string();
  std::optional<int64_t> integer();
  std::optional<double> number();
  std::optional<bool> boolean();
  // Calls back for each member; stops and returns false when the callback does, or when this is
  // no object or malformed. A repeated key is called twice: it is the caller's to judge.
  bool object(FunctionRef<bool(std::string_view key, JsonValue& value)> each);
  bool array(FunctionRef<bool(JsonValue& value)> each);
  // The text of the value as it stands (objects and arrays included); empty when malformed.
  std::string_view raw();

 private:
  friend struct JsonAccess;
  explicit JsonValue(void* impl) : impl_(impl) {}
  void* impl_;
};

// Parses `text` as exactly one JSON value and gives it to `root`, which returns false to refuse it.
// Failure (kGiveUp): one sentence with the reason; also when anything follows the value or when
// `root` returned false. Nested calls are allowed; each has its own parser.
Result<void> read_json(std::string_view text, FunctionRef<bool(JsonValue& root)> root);

// Appends JSON to a string that the caller owns. Commas are its business, balance is the caller's.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);  // invalid UTF-8 bytes become U+FFFD
  JsonWriter& integer(int64_t value);
  JsonWriter& number(double value);  // not finite: null
  JsonWriter& boolean(bool value);
  JsonWriter& raw(std::string_view json);  // already JSON
  // key and value in one.
  JsonWriter& field(std::string_view name, std::string_view text) { return key(name).string(text); }
  JsonWriter& field(std::string_view name, int64_t value) { return key(name).integer(value); }

 private:
  void separate();
  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace selvage::wire
