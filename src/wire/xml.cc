// SPDX-License-Identifier: Apache-2.0
#include "wire/xml.h"

#include <array>
#include <cstdint>

#include "wire/utf8.h"

namespace selvage::wire {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (size_t byte = 0x20; byte < 0x80; ++byte) plain[byte] = true;
  for (const char c : {'&', '<', '>', '"'}) plain[static_cast<uint8_t>(c)] = false;
  for (const char c : {'\t', '\n'}) plain[static_cast<uint8_t>(c)] = true;
  return plain;
}
constexpr std::array<bool, 256> kPlain = make_plain();

bool is_plain(char c) {
  return kPlain[static_cast<uint8_t>(c)];
}

std::string_view escape_of(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\r':
      return "&#xD;";
    default:
      return kReplacement;
  }
}

// U+FFFE and U+FFFF.
bool is_noncharacter(std::string_view character) {
  return character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
}

// Appends the character at the start of `text` that cannot be copied as it is; returns its bytes.
size_t append_special(std::string& out, std::string_view text) {
  if (static_cast<uint8_t>(text[0]) < 0x80) {
    out += escape_of(text[0]);
    return 1;
  }
  const size_t length = utf8_length(text);
  if (length == 0) {
    out += kReplacement;
    return 1;
  }
  const std::string_view character = text.substr(0, length);
  out += is_noncharacter(character) ? kReplacement : character;
  return length;
}

}  // namespace

XmlWriter& XmlWriter::begin(std::string_view name) {
  out_ += '<';
  out_ += name;
  out_ += '>';
  return *this;
}

XmlWriter& XmlWriter::end(std::string_view name) {
  out_ += "</";
  out_ += name;
  out_ += '>';
  return *this;
}

XmlWriter& XmlWriter::empty(std::string_view name) {
  out_ += '<';
  out_ += name;
  out_ += "/>";
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view text) {
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out_ += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_special(out_, text));
  }
  return *this;
}

XmlWriter& XmlWriter::element(std::string_view name, std::string_view text) {
  return begin(name).text(text).end(name);
}

}  // namespace selvage::wire
