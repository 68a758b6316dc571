// SPDX-License-Identifier: Apache-2.0
#pragma once
// For the parts of the client only: requests written and answers read, in the same few ways.

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "client/client.h"
#include "wire/json.h"

namespace selvage::client {

inline int64_t millis(Duration d) {
  return d / std::chrono::milliseconds(1);
}
inline int64_t seconds(Duration d) {
  return d / std::chrono::seconds(1);
}

// `out` stands where a value is due.
void write_texts(wire::JsonWriter& out, const std::vector<std::string>& texts);
void write_attributes(wire::JsonWriter& out, const std::vector<MessageAttribute>& attributes);

// Members as Amazon writes them; false when `value` is no such object.
bool read_attributes(wire::JsonValue& value, std::vector<MessageAttribute>& out);
bool read_texts(wire::JsonValue& value, std::vector<std::string>& out);

// An answer that is no sound JSON, or of other kinds than ours, may be better the next time.
Result<void> expect_sound(Result<void> parsed);

// Reads the members of an answer's object, each given to `take`.
Result<void> read_members(const std::string& json,
                          FunctionRef<bool(std::string_view key, wire::JsonValue& value)> take);

// The text of a member; empty when it is not there.
std::string read_member(std::string_view json, std::string_view name);

// The list `name` of an answer, each object's members given to `take(key, value, T&)`; empty when
// there is none.
template <typename T, typename Take>
bool read_items(wire::JsonValue& list, std::vector<T>& out, Take take) {
  return list.array([&](wire::JsonValue& item) {
    T& one = out.emplace_back();
    return item.object(
        [&](std::string_view key, wire::JsonValue& value) { return take(key, value, one); });
  });
}
template <typename T, typename Take>
Result<std::vector<T>> read_list(const std::string& json, std::string_view name, Take take) {
  std::vector<T> items;
  SELVAGE_TRY(read_members(json, [&](std::string_view key, wire::JsonValue& value) {
    return key != name || read_items(value, items, take);
  }));
  return items;
}

Result<Outcomes> parse_outcomes(const std::string& json);

// Turns a callback for T into one for the answer's text.
template <typename T, typename Parse>
Client::Callback<std::string> parsed_by(Parse parse, Client::Callback<T> done) {
  return [parse = std::move(parse), done = std::move(done)](Result<std::string> answer) {
    if (!answer) return done(std::unexpected(std::move(answer).error()));
    done(parse(*answer));
  };
}
inline Client::Callback<std::string> ignoring(Client::Callback<void> done) {
  return parsed_by<void>([](const std::string&) { return Result<void>{}; }, std::move(done));
}
// For answers of which one text is wanted.
inline Client::Callback<std::string> member_of(std::string name,
                                               Client::Callback<std::string> done) {
  return parsed_by<std::string>(
      [name = std::move(name)](const std::string& json) {
        return Result<std::string>(read_member(json, name));
      },
      std::move(done));
}

}  // namespace selvage::client
