// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `receive` and `peek` show alike of a message.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/show.h"
#include "client/client.h"
#include "client/messages.h"
#include "wire/json.h"

namespace selvage::app {

// Nothing when there are none.
void write_attributes(wire::JsonWriter& out,
                      const std::vector<client::MessageAttribute>& attributes);
void add_attributes(const std::vector<client::MessageAttribute>& attributes, Fields& fields);

// Every member of a message that was peeked; the object is the caller's.
void write_members(wire::JsonWriter& out, const client::PeekedMessage& m);
std::string_view state_in_words(std::string_view state);

// What became of a message that waited, for people.
std::string outcome_in_words(std::string_view outcome, std::string_view queue);

// {"id": "…", "outcome": "…"} for programs; nothing without `json`.
void print_outcome(bool json, std::pair<std::string_view, std::string_view> subject,
                   std::string_view outcome);

}  // namespace selvage::app
