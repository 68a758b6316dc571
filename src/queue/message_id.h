// SPDX-License-Identifier: Apache-2.0
#pragma once
// Message ids that say where their message was put: a message is found by its id without an index.

#include <optional>

#include "base/ids.h"

namespace selvage::queue {

// A version 4 UUID of 60 random bits; `seq` hides in the other 62, blended with the random ones, so
// that ids look and sort like random ones. `random`: 64 random bits.
MessageId make_message_id(Seq seq, uint64_t random);

// The place at which a message of this id was put. Any UUID gives one: compare the id of what
// stands there. A message that was moved to a dead-letter queue keeps its id and has another place.
Seq place_of(MessageId id);

}  // namespace selvage::queue
