// SPDX-License-Identifier: Apache-2.0
#pragma once
// A queue's tags, as CreateQueue and TagQueue bring them.

#include "queue/command.h"
#include "sqs/error.h"

namespace selvage::sqs {

// Failure: InvalidParameterValue.
OrError<void> check_tags(const queue::Tags& tags);

}  // namespace selvage::sqs
