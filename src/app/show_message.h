// SPDX-License-Identifier: Apache-2.0
#pragma once
// What `receive` and `peek` show alike of a message.

#include <string_view>
#include <utility>
#include <vector>

#include "app/show.h"
#include "client/client.h"
#include "wire/json.h"

namespace selvage::app {

// Nothing when there are none.
void write_attributes(wire::JsonWriter& out,
                      const std::vector<client::MessageAttribute>& attributes);
void add_attributes(const std::vector<client::MessageAttribute>& attributes, Fields& fields);

// {"id": "…", "outcome": "…"} for programs; nothing without `json`.
void print_outcome(bool json, std::pair<std::string_view, std::string_view> subject,
                   std::string_view outcome);

}  // namespace selvage::app
