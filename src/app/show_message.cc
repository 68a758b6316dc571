// SPDX-License-Identifier: Apache-2.0
#include "app/show_message.h"

#include <fmt/format.h>

#include <cstdio>
#include <string>

namespace selvage::app {

void write_attributes(wire::JsonWriter& out,
                      const std::vector<client::MessageAttribute>& attributes) {
  if (attributes.empty()) return;
  out.key("attributes").begin_object();
  for (const client::MessageAttribute& one : attributes)
    out.key(one.name).begin_object().field("type", one.type).field("value", one.value).end_object();
  out.end_object();
}

void add_attributes(const std::vector<client::MessageAttribute>& attributes, Fields& fields) {
  for (const client::MessageAttribute& one : attributes) {
    const std::string type = one.type == "String" ? "" : fmt::format(" ({})", one.type);
    fields.emplace_back("attribute", one.name + "=" + one.value + type);
  }
}

void print_outcome(bool json, std::pair<std::string_view, std::string_view> subject,
                   std::string_view outcome) {
  if (!json) return;
  std::string line;
  wire::JsonWriter(line)
      .begin_object()
      .field(subject.first, subject.second)
      .field("outcome", outcome)
      .end_object();
  fmt::print("{}\n", line);
}

}  // namespace selvage::app
