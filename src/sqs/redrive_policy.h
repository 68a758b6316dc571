// SPDX-License-Identifier: Apache-2.0
#pragma once
// The two JSON attributes about dead letters: RedrivePolicy on a source, RedriveAllowPolicy on a
// dead-letter queue.

#include <optional>
#include <string>

#include "queue/config.h"
#include "sqs/backend.h"
#include "sqs/error.h"

namespace selvage::sqs {

// Empty: no policy. Failure: InvalidParameterValue in the service's words.
OrError<std::optional<queue::Redrive>> parse_redrive(const std::string& text,
                                                     const Identity& identity);
std::string show_redrive(const queue::Redrive& redrive, const Identity& identity);

// Empty: everybody's. Failure: InvalidAttributeValue.
OrError<queue::RedriveAllow> parse_redrive_allow(const std::string& text, const Identity& identity);
// Empty for everybody's, which the service does not show.
std::string show_redrive_allow(const queue::RedriveAllow& allow, const Identity& identity);

}  // namespace selvage::sqs
