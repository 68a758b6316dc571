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

void write_members(wire::JsonWriter& out, const client::PeekedMessage& m) {
  const auto add = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) out.field(name, text);
  };
  out.field("id", m.id)
      .field("state", m.state)
      .field("body", m.body)
      .field("sent_us", to_micros(m.sent))
      .field("vests_us", to_micros(m.vests))
      .field("taken", m.taken)
      .field("failed", m.failed);
  add("group", m.group);
  add("deduplication_id", m.deduplication_id);
  add("sequence", m.sequence);
  add("dead_letter_source", m.dead_letter_source);
  write_attributes(out, m.attributes);
  if (!m.evidence.empty()) out.key("evidence").raw(m.evidence);
}

std::string_view state_in_words(std::string_view state) {
  if (state == "InFlight") return "in flight";
  if (state == "Visible") return "visible";
  if (state == "Delayed") return "delayed";
  return state;
}

std::string outcome_in_words(std::string_view outcome, std::string_view queue) {
  if (outcome == "NoMessage")
    return fmt::format(
        "{} has no such message: it was acknowledged, has expired, or was never "
        "there",
        queue);
  if (outcome == "Held")
    return "it is leased: whoever has it decides (selvage peek shows until when)";
  if (outcome == "DeadLetterKind")
    return "a FIFO queue and a standard queue do not exchange messages";
  if (outcome == "NoDestination") return "the queue to move it to does not exist";
  if (outcome == "TooLarge") return "it is larger than the other queue takes";
  return std::string(outcome);
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
