// SPDX-License-Identifier: Apache-2.0
#pragma once
// Amazon's queue attributes: texts on the wire, settings in the engine. One table for both ways.

#include <map>
#include <string>
#include <vector>

#include "queue/command.h"
#include "sqs/backend.h"
#include "sqs/error.h"

namespace selvage::sqs {

using QueueAttributes = std::map<std::string, std::string>;

// Failure: InvalidAttributeName or InvalidAttributeValue, naming the attribute.
OrError<queue::ConfigPatch> parse_queue_attributes(const QueueAttributes& attributes);

// The attributes in `names` ("All": every one that has a value). Failure: InvalidAttributeName.
OrError<QueueAttributes> show_queue_attributes(const queue::QueueInfo& info,
                                               const std::vector<std::string>& names,
                                               const Identity& identity);

// A standard queue's name: 1 to 80 of A-Z a-z 0-9 _ - (CreateQueue).
OrError<void> check_queue_name(const std::string& name);

}  // namespace selvage::sqs
