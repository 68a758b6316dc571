// SPDX-License-Identifier: Apache-2.0
#pragma once
// XML 1.0 out: elements and text, neither attributes nor white space of its own.

#include <string>
#include <string_view>

namespace selvage::wire {

// Appends to a string that the caller owns; balance is the caller's. Names are written as they are,
// so they may hold attributes of the caller's making.
class XmlWriter {
 public:
  explicit XmlWriter(std::string& out) : out_(out) {}
  XmlWriter& begin(std::string_view name);
  XmlWriter& end(std::string_view name);
  XmlWriter& empty(std::string_view name);  // <name/>
  // Escaped so that a parser gives it back: a carriage return, which parsers would take for a line
  // feed, as a reference; what XML cannot carry (control characters, U+FFFE and U+FFFF, bytes that
  // are not UTF-8) as U+FFFD.
  XmlWriter& text(std::string_view text);
  XmlWriter& element(std::string_view name, std::string_view text);

 private:
  std::string& out_;
};

}  // namespace selvage::wire
