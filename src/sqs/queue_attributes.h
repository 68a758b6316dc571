// SPDX-License-Identifier: Apache-2.0
#pragma once
// Amazon's queue attributes: texts on the wire, settings in the engine. One table for both ways.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "queue/command.h"
#include "sqs/backend.h"
#include "sqs/error.h"

namespace selvage::sqs {

using QueueAttributes = std::map<std::string, std::string>;
// In the order in which the service lists them.
using ShownAttributes = std::vector<std::pair<std::string_view, std::string>>;

// What else the meaning of an attribute depends on.
struct AttributeContext {
  const Identity& identity;
  bool is_fifo;
};

// Failure: InvalidAttributeName or InvalidAttributeValue, naming the attribute; for a redrive
// policy InvalidParameterValue.
OrError<queue::ConfigPatch> parse_queue_attributes(const QueueAttributes& attributes,
                                                   const AttributeContext& context);
// The engine's no to the attributes that were given.
ApiError describe_setting(queue::Refusal refusal, const QueueAttributes& given);

// The attributes in `names` ("All": every one that has a value). Failure: InvalidAttributeName.
OrError<ShownAttributes> show_queue_attributes(const queue::QueueInfo& info,
                                               const std::vector<std::string>& names,
                                               const Identity& identity);

// 1 to 80 of A-Z a-z 0-9 _ -; a FIFO queue's ends in .fifo, and a standard queue's does not
// (CreateQueue).
OrError<void> check_queue_name(const std::string& name, const QueueAttributes& attributes);
bool is_fifo_name(std::string_view name);

}  // namespace selvage::sqs
