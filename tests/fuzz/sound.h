// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether what we say is sound: JSON and XML that a stranger's parser takes. Not by the writers
// that wrote it.

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "tests/fuzz/text.h"
#include "wire/json.h"
#include "wire/utf8.h"

namespace selvage::fuzz {

inline bool is_sound_value(wire::JsonValue& value) {
  using Kind = wire::JsonValue::Kind;
  const auto kind = value.kind();
  if (!kind) return false;
  switch (*kind) {
    case Kind::kObject:
      return value.object([](std::string_view, wire::JsonValue& v) { return is_sound_value(v); });
    case Kind::kArray:
      return value.array([](wire::JsonValue& v) { return is_sound_value(v); });
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

inline bool is_sound_json(std::string_view text) {
  return wire::read_json(text, [](wire::JsonValue& root) { return is_sound_value(root); })
      .has_value();
}

// Character data: no bare ampersand, no character that XML 1.0 does not have.
inline bool is_sound_xml_text(std::string_view text) {
  constexpr std::array<std::string_view, 5> kReferences = {"amp", "lt", "gt", "quot", "#xD"};
  while (text.contains('&')) {
    take_until(text, "&");
    if (std::ranges::find(kReferences, take_until(text, ";")) == kReferences.end()) return false;
  }
  return true;
}

// Elements that nest, around text; what we write has attributes in its root only.
inline bool is_sound_xml(std::string_view xml) {
  const auto is_forbidden = [](char c) {
    return is_control(c) && c != '\t' && c != '\n' && c != 0x7F;
  };
  if (!wire::is_utf8(xml) || std::ranges::any_of(xml, is_forbidden)) return false;
  if (xml.starts_with("<?xml ")) take_until(xml, "?>");
  std::vector<std::string_view> open;
  do {
    if (!is_sound_xml_text(take_until(xml, "<")) || !xml.contains('>')) return false;
    std::string_view tag = take_until(xml, ">");
    const std::string_view name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (!tag.ends_with('/')) {
      open.push_back(name);
    }
  } while (!open.empty());
  return xml.empty() || xml == "\n";
}

}  // namespace selvage::fuzz
