// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the engine needs to know of the store. It reads nothing itself: it says what it wants, and
// whoever has the store brings it.

#include <optional>
#include <vector>

#include "queue/deduplication.h"
#include "queue/message.h"
#include "queue/mutation.h"
#include "queue/place.h"

namespace selvage::queue {

// A message's record as it stands in the store.
struct Located {
  QueueId queue;
  Seq seq;
  Place place;
  Message message;
};

// One message, by its id or, if that is absent, by its seq.
struct Lookup {
  QueueId queue;
  std::optional<MessageId> id;
  Seq seq;
};

// What one command has to see. Whatever is not found is left out.
struct Reads {
  std::vector<Lookup> messages;
  std::vector<Page> pages;
  std::vector<IdPlace> ids;
  bool empty() const { return messages.empty() && pages.empty() && ids.empty(); }
};
struct Found {
  std::vector<Located> messages;  // of pages too
  std::vector<PutDeduplication> ids;
};

}  // namespace selvage::queue
