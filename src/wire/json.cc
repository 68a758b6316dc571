// SPDX-License-Identifier: Apache-2.0
// Reading JSON with simdjson's on-demand parser. Two things make its laziness safe for bytes from
// outside. The text is parsed as the single element of an array (a pair of brackets around it in
// the padded copy), so that scalars, objects and trailing content need no cases of their own.
// And whatever a caller leaves unread is walked here, so that a text is accepted only as a whole.
#include "wire/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace selvage::wire {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

// Deeper text is refused: callers descend by recursion, and nobody nests settings this deep.
constexpr int kMaxDepth = 256;
// A parser that once saw a larger text is not kept: its buffers would stay at several times that.
constexpr size_t kKeptText = size_t{2} << 20;
// As many as calls nest in practice.
constexpr size_t kKeptFrames = 4;

// What one read_json call needs, reused by later calls of the same thread.
struct Frame {
  ondemand::parser parser;
  ondemand::document document;
  std::vector<char> buffer;         // at least as long as the longest text so far, and the padding
  size_t size = 0;                  // of the present text, with its brackets
  const char* broken_at = nullptr;  // set at the first error; nothing is read after it
  const char* reason = "";
  int depth = 0;

  bool broken() const { return broken_at != nullptr; }
  const char* location() {
    const char* at = nullptr;
    return document.current_location().get(at) == simdjson::SUCCESS ? at : end();
  }
  const char* end() const { return buffer.data() + size; }
  // Always false, so that a reader can return it.
  bool fail(const char* why) {
    if (broken()) return false;
    broken_at = location();
    reason = why;
    return false;
  }
  bool fail(error_code error) { return fail(simdjson::error_message(error)); }
  error_code open(std::string_view text);
};

error_code Frame::open(std::string_view text) {
  broken_at = nullptr;
  depth = 0;
  size = text.size() + 2;
  if (buffer.size() < size + simdjson::SIMDJSON_PADDING)
    buffer.resize(size + simdjson::SIMDJSON_PADDING);
  char* out = buffer.data();
  *out++ = '[';
  if (!text.empty()) std::memcpy(out, text.data(), text.size());
  out += text.size();
  *out++ = ']';
  // Never a bracket: simdjson would take one in the padding for the end of the text.
  std::memset(out, ' ', simdjson::SIMDJSON_PADDING);
  return parser.iterate(buffer.data(), size, size + simdjson::SIMDJSON_PADDING).get(document);
}

std::vector<std::unique_ptr<Frame>>& free_frames() {
  thread_local std::vector<std::unique_ptr<Frame>> frames;
  return frames;
}

// A frame for one call; nested calls take another one.
class BorrowedFrame {
 public:
  BorrowedFrame() {
    auto& frames = free_frames();
    if (frames.empty()) {
      frame_ = std::make_unique<Frame>();
    } else {
      frame_ = std::move(frames.back());
      frames.pop_back();
    }
  }
  BorrowedFrame(const BorrowedFrame&) = delete;
  BorrowedFrame& operator=(const BorrowedFrame&) = delete;
  ~BorrowedFrame() {
    auto& frames = free_frames();
    if (frames.size() < kKeptFrames && frame_->buffer.capacity() <= kKeptText) {
      frames.push_back(std::move(frame_));
    }
  }
  Frame& operator*() const { return *frame_; }

 private:
  std::unique_ptr<Frame> frame_;
};

// What a JsonValue points to. simdjson must not be asked for a value twice.
struct Cursor {
  Frame& frame;
  ondemand::value value;
  bool read = false;

  bool readable() const { return !read && !frame.broken(); }
};

// Enters an object or array; false when that would be too deep.
class Descent {
 public:
  explicit Descent(Frame& frame) : frame_(frame) { ++frame_.depth; }
  Descent(const Descent&) = delete;
  Descent& operator=(const Descent&) = delete;
  ~Descent() { --frame_.depth; }
  bool allowed() const { return frame_.depth <= kMaxDepth; }

 private:
  Frame& frame_;
};

Cursor& cursor_of(void* impl) {
  return *static_cast<Cursor*>(impl);
}

// Reads a scalar by `get`. A value of another kind stays readable.
template <typename T>
std::optional<T> scalar(void* impl, simdjson::simdjson_result<T> (*get)(ondemand::value&)) {
  Cursor& cursor = cursor_of(impl);
  if (!cursor.readable()) return std::nullopt;
  T result{};
  if (get(cursor.value).get(result) != simdjson::SUCCESS) return std::nullopt;
  cursor.read = true;
  return result;
}

// Lambdas because a FunctionRef takes objects only. Members and items are walked by offer().
constexpr auto kAnyMember = [](std::string_view, JsonValue&) { return true; };
constexpr auto kAnyItem = [](JsonValue&) { return true; };

}  // namespace

// The only maker of JsonValues.
struct JsonAccess {
  // Gives `cursor` to `visit` unless it is empty, then walks what was left unread. Sets `wanted`
  // to what visit returned; returns false when the text is broken.
  template <typename Visit>
  static bool offer(Cursor& cursor, bool& wanted, Visit visit) {
    JsonValue value(&cursor);
    if (wanted) wanted = visit(value);
    if (!cursor.read && !cursor.frame.broken()) walk(cursor, value);
    return !cursor.frame.broken();
  }

  // Reads a value for nothing but its correctness.
  static void walk(Cursor& cursor, JsonValue& value) {
    const auto kind = value.kind();
    if (!kind) return void(cursor.frame.fail("no value starts here"));
    if (!walk_kind(*kind, cursor, value)) cursor.frame.fail("malformed value");
  }

  static bool walk_kind(JsonValue::Kind kind, Cursor& cursor, JsonValue& value) {
    switch (kind) {
      case JsonValue::Kind::kObject:
        return value.object(kAnyMember);
      case JsonValue::Kind::kArray:
        return value.array(kAnyItem);
      case JsonValue::Kind::kString:
        return value.string().has_value();
      case JsonValue::Kind::kNumber:
        return value.number().has_value();
      case JsonValue::Kind::kBool:
        return value.boolean().has_value();
      case JsonValue::Kind::kNull:
        return walk_null(cursor);
    }
    return false;
  }

  static bool walk_null(Cursor& cursor) {
    bool null = false;
    cursor.read = cursor.value.is_null().get(null) == simdjson::SUCCESS && null;
    return cursor.read;
  }
};

std::optional<JsonValue::Kind> JsonValue::kind() {
  Cursor& cursor = cursor_of(impl_);
  ondemand::json_type type;
  if (!cursor.readable() || cursor.value.type().get(type)) return std::nullopt;
  switch (type) {
    case ondemand::json_type::object:
      return Kind::kObject;
    case ondemand::json_type::array:
      return Kind::kArray;
    case ondemand::json_type::string:
      return Kind::kString;
    case ondemand::json_type::number:
      return Kind::kNumber;
    case ondemand::json_type::boolean:
      return Kind::kBool;
    case ondemand::json_type::null:
      return Kind::kNull;
  }
  return std::nullopt;
}

std::optional<std::string_view> JsonValue::string() {
  Cursor& cursor = cursor_of(impl_);
  if (kind() != Kind::kString) return std::nullopt;
  cursor.read = true;  // also when it is malformed: simdjson has moved past it by then
  std::string_view text;
  if (const error_code error = cursor.value.get_string().get(text)) {
    cursor.frame.fail(error);
    return std::nullopt;
  }
  return text;
}

std::optional<int64_t> JsonValue::integer() {
  return scalar<int64_t>(impl_, [](ondemand::value& value) { return value.get_int64(); });
}

std::optional<double> JsonValue::number() {
  return scalar<double>(impl_, [](ondemand::value& value) { return value.get_double(); });
}

std::optional<bool> JsonValue::boolean() {
  return scalar<bool>(impl_, [](ondemand::value& value) { return value.get_bool(); });
}

bool JsonValue::object(FunctionRef<bool(std::string_view key, JsonValue& value)> each) {
  Cursor& cursor = cursor_of(impl_);
  if (kind() != Kind::kObject) return false;
  Frame& frame = cursor.frame;
  const Descent descent(frame);
  if (!descent.allowed()) return frame.fail("it is nested too deep");
  cursor.read = true;
  ondemand::object object;
  if (const error_code error = cursor.value.get_object().get(object)) return frame.fail(error);
  bool wanted = true;
  for (auto field : object) {
    Cursor member{frame, {}};
    std::string_view key;
    if (const error_code error = field.unescaped_key().get(key)) return frame.fail(error);
    if (const error_code error = field.value().get(member.value)) return frame.fail(error);
    if (!JsonAccess::offer(member, wanted, [&](JsonValue& value) { return each(key, value); })) {
      return false;
    }
  }
  return wanted;
}

bool JsonValue::array(FunctionRef<bool(JsonValue& value)> each) {
  Cursor& cursor = cursor_of(impl_);
  if (kind() != Kind::kArray) return false;
  Frame& frame = cursor.frame;
  const Descent descent(frame);
  if (!descent.allowed()) return frame.fail("it is nested too deep");
  cursor.read = true;
  ondemand::array array;
  if (const error_code error = cursor.value.get_array().get(array)) return frame.fail(error);
  bool wanted = true;
  for (auto element : array) {
    Cursor item{frame, {}};
    if (const error_code error = element.get(item.value)) return frame.fail(error);
    if (!JsonAccess::offer(item, wanted, each)) return false;
  }
  return wanted;
}

std::string_view JsonValue::raw() {
  Cursor& cursor = cursor_of(impl_);
  if (!cursor.readable()) return {};
  const char* begin = cursor.value.raw_json_token().data();
  JsonAccess::walk(cursor, *this);
  if (cursor.frame.broken()) return {};
  const std::string_view text(begin, static_cast<size_t>(cursor.frame.location() - begin));
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

namespace {

// Reads the array that Frame::open put around the text; its one element is the root.
bool read_root(Frame& frame, FunctionRef<bool(JsonValue&)> root) {
  ondemand::array array;
  if (const error_code error = frame.document.get_array().get(array)) return frame.fail(error);
  bool wanted = true;
  int count = 0;
  for (auto element : array) {
    if (++count > 1) return frame.fail("something follows the value");
    Cursor cursor{frame, {}};
    if (const error_code error = element.get(cursor.value)) return frame.fail(error);
    if (!JsonAccess::offer(cursor, wanted, root)) return false;
  }
  if (count == 0) return frame.fail("it is empty");
  const char* rest = nullptr;
  if (frame.document.current_location().get(rest) == simdjson::SUCCESS) {
    return frame.fail("something follows the value");
  }
  return wanted;
}

Result<void> malformed(std::string_view reason, size_t offset) {
  if (reason.ends_with('.')) reason.remove_suffix(1);
  return failure(ErrorCode::kGiveUp,
                 fmt::format("malformed JSON at or before byte {}: {}", offset, reason));
}

}  // namespace

Result<void> read_json(std::string_view text, FunctionRef<bool(JsonValue& root)> root) {
  const BorrowedFrame borrowed;
  Frame& frame = *borrowed;
  if (const error_code error = frame.open(text)) {
    return malformed(simdjson::error_message(error), text.size());
  }
  const bool wanted = read_root(frame, root);
  if (frame.broken()) {
    const auto offset = static_cast<size_t>(frame.broken_at - frame.buffer.data());
    return malformed(frame.reason, std::min(offset > 0 ? offset - 1 : 0, text.size()));
  }
  if (!wanted) return failure(ErrorCode::kGiveUp, "the JSON does not have the expected form");
  return {};
}

}  // namespace selvage::wire
