// SPDX-License-Identifier: Apache-2.0
#pragma once
// What an action answers, written once and said in the dialect in which it was asked:
//
//   kJson     {"QueueUrl":"…"}
//   kXml      <GetQueueUrlResponse xmlns="…"><GetQueueUrlResult><QueueUrl>…</QueueUrl>
//             </GetQueueUrlResult><ResponseMetadata><RequestId>…</RequestId></ResponseMetadata>
//             </GetQueueUrlResponse>
//   kOldJson  {"GetQueueUrlResponse":{"GetQueueUrlResult":{"QueueUrl":"…"},
//             "ResponseMetadata":{"RequestId":"…"}}}

#include <array>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>

#include "sqs/error.h"
#include "sqs/sorted_json.h"
#include "wire/json.h"
#include "wire/xml.h"

namespace selvage::sqs {

enum class Dialect : uint8_t {
  kJson,     // AWS JSON 1.0
  kXml,      // Query
  kOldJson,  // Query with Accept: application/json: members sorted, absent ones null
};

// What each dialect calls a list: XML names its elements.
struct ListName {
  std::string_view json, xml, old_json;
};
// A map in XML is a list of elements with a key and a Value; so it is in the old JSON.
struct MapName {
  std::string_view json, xml, key;
};

// Appends an answer to a string, from its first byte to its last: members in the order in which XML
// has them. Names must be constants: they are kept, not copied.
class Result {
 public:
  // `action`: its bare name, as "SendMessage".
  Result(std::string& body, Dialect dialect, std::string_view action);
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;

  void expect(size_t bytes);  // about so many more are to come
  Result& text(std::string_view name, std::string_view value);
  Result& text_if_any(std::string_view name, std::string_view value);  // absent when empty
  Result& number(std::string_view name, int64_t value);
  Result& boolean(std::string_view name, bool value);
  Result& bytes(std::string_view name, std::string_view raw);  // as base64

  // Lists and maps; an empty one is absent. `each` writes the members of one element.
  template <typename Range>
  Result& texts(const ListName& name, const Range& values);
  template <typename Range, typename Each>
  Result& objects(const ListName& name, const Range& elements, Each each);
  template <typename Map>
  Result& texts(const MapName& name, const Map& map);
  template <typename Map, typename Each>
  Result& objects(const MapName& name, const Map& map, Each each);

  void finish(std::string_view request_id);

 private:
  void absent(std::string_view name);
  void begin_list(const ListName& name);
  void begin_item();
  void item(std::string_view value);
  void end_item();
  void end_list();
  void begin_map(const MapName& name);
  void entry(std::string_view key, std::string_view value);
  void begin_entry(std::string_view key);
  void end_entry();
  void end_map();
  void open(std::string_view element, std::string_view key);

  // A list or map that is being written.
  struct Open {
    std::string_view element, key;
  };

  const Dialect dialect_;
  const std::string_view action_;
  std::string& body_;
  wire::JsonWriter json_{body_};
  wire::XmlWriter xml_{body_};
  SortedJson old_;
  size_t head_ = 0;  // where in body_ the first member begins
  size_t depth_ = 0;
  std::array<Open, 4> open_;
};

// The body of an answer that has nothing to say: empty in JSON, without a …Result in XML.
std::string empty_result(Dialect dialect, std::string_view action, std::string_view request_id);
// The body of a refusal.
std::string error_body(Dialect dialect, const ApiError& error, std::string_view request_id);
std::string_view content_type(Dialect dialect);

// ---- templates

template <typename Range>
Result& Result::texts(const ListName& name, const Range& values) {
  if (std::ranges::empty(values)) return absent(name.old_json), *this;
  begin_list(name);
  for (const auto& value : values) item(value);
  end_list();
  return *this;
}

template <typename Range, typename Each>
Result& Result::objects(const ListName& name, const Range& elements, Each each) {
  if (std::ranges::empty(elements)) return absent(name.old_json), *this;
  begin_list(name);
  for (const auto& element : elements) {
    begin_item();
    each(element);
    end_item();
  }
  end_list();
  return *this;
}

template <typename Map>
Result& Result::texts(const MapName& name, const Map& map) {
  if (std::ranges::empty(map)) return absent(name.json), *this;
  begin_map(name);
  for (const auto& [key, value] : map) entry(key, value);
  end_map();
  return *this;
}

template <typename Map, typename Each>
Result& Result::objects(const MapName& name, const Map& map, Each each) {
  if (std::ranges::empty(map)) return absent(name.json), *this;
  begin_map(name);
  for (const auto& [key, value] : map) {
    begin_entry(key);
    each(value);
    end_entry();
  }
  end_map();
  return *this;
}

}  // namespace selvage::sqs
