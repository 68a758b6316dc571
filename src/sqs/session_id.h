// SPDX-License-Identifier: Apache-2.0
#pragma once
// How a session is named on the wire: 16 hex digits.

#include <string>
#include <string_view>

#include "base/ids.h"
#include "sqs/error.h"

namespace selvage::sqs {

std::string print_session_id(SessionId id);
OrError<SessionId> parse_session_id(std::string_view text);

}  // namespace selvage::sqs
