// SPDX-License-Identifier: Apache-2.0
#include "sqs/sorted_json.h"

#include <algorithm>

#include "wire/json.h"

namespace selvage::sqs {

void SortedJson::begin_object() {
  levels_.push_back({.is_object = true, .key = {}, .members = {}});
}

void SortedJson::begin_array() {
  levels_.push_back({});
}

void SortedJson::end() {
  Level level = std::move(levels_.back());
  levels_.pop_back();
  std::string json;
  wire::JsonWriter out(json);
  if (level.is_object) {
    std::ranges::stable_sort(level.members, {}, [](const auto& member) { return member.first; });
    out.begin_object();
    for (const auto& [name, member] : level.members) out.key(name).raw(member);
    out.end_object();
  } else {
    out.begin_array();
    for (const auto& member : level.members) out.raw(member.second);
    out.end_array();
  }
  value(std::move(json));
}

void SortedJson::value(std::string json) {
  if (levels_.empty())
    written_ = std::move(json);
  else
    levels_.back().members.emplace_back(levels_.back().key, std::move(json));
}

void SortedJson::text(std::string_view text) {
  std::string json;
  wire::JsonWriter(json).string(text);
  value(std::move(json));
}

}  // namespace selvage::sqs
