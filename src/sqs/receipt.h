// SPDX-License-Identifier: Apache-2.0
#pragma once
// Receipt handles: opaque to clients, a lease's name to us. The token in it is 63 random bits, so a
// handle cannot be guessed.

#include <optional>
#include <string>
#include <string_view>

#include "queue/message.h"
#include "sqs/error.h"

namespace selvage::sqs {

std::string encode_receipt(const queue::Receipt& receipt);
// nullopt when it is none of ours.
std::optional<queue::Receipt> decode_receipt(std::string_view handle);
// What a request's handle means; one that is none of ours becomes a receipt of no queue, which the
// engine refuses once it has seen that the queue exists. Failure: MissingParameter.
OrError<queue::Receipt> parse_receipt(std::string_view handle);

}  // namespace selvage::sqs
