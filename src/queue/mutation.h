// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a command changed, for whoever makes it durable. The mutations of one command belong in one
// commit; applied in order to what was stored before, they give what the engine now holds.

#include <string>
#include <variant>
#include <vector>

#include "queue/command.h"
#include "queue/deduplication.h"
#include "queue/message.h"
#include "queue/place.h"

namespace selvage::queue {

// What of a queue's messages waits in the store, and where: so that neither counting nor looking
// for the first takes a scan.
struct Extent {
  uint64_t visible = 0;  // records in the visible lanes
  uint64_t delayed = 0;  // in the delayed one
  LaneSet lanes;         // the visible ones that may have any
  Instant floor{};       // no record of a visible lane stands before this time
  Instant last_time{};   // FIFO: of the place that was given last; they never go back
  bool operator==(const Extent&) const = default;
};

// All that is kept of a queue besides its messages.
struct QueueRecord {
  QueueId id;
  std::string name;
  QueueConfig config;
  Instant created{};
  Instant modified{};
  Seq last_seq;
  Totals totals;
  Tags tags;
  Extent extent = {};
  bool operator==(const QueueRecord&) const = default;
};

struct PutQueue {
  QueueRecord record;
};
struct DropQueue {  // with all its messages
  QueueId queue;
  std::vector<Minute> minutes = {};  // a FIFO queue: in which it may have been sent something
};
struct DropMessages {  // all of a queue, and what they refer to
  QueueId queue;
};
struct PutMessage {
  QueueId queue;
  Seq seq;
  Place place;
  Message message;
};
struct DropMessage {  // the record that stands there
  QueueId queue;
  Seq seq;
  Place place;
};

// A payload comes and goes with its message and knows where the message's record may stand: in this
// lane or the delayed one, at this time. The files that a message refers to are kept and released
// with its payload.
struct PutPayload {
  QueueId queue;
  Seq seq;
  Place place;
  Payload payload;
  ArtifactId artifact;
};
struct PlacePayload {  // the record stands elsewhere now
  QueueId queue;
  Seq seq;
  Place place;
};
struct ReplacePayload {  // by another, in its place
  QueueId queue;
  Seq seq;
  Payload payload;
};
struct DropPayload {  // and the evidence, if there is any
  QueueId queue;
  Seq seq;
  MessageId id;
  bool has_evidence = false;
  ArtifactId artifact;
};
struct MovePayload {  // and the evidence, if there is any
  QueueId from_queue;
  Seq from;
  MessageId former_id;
  QueueId to_queue;
  Seq to;
  MessageId id;
  Place place;
  bool has_evidence = false;
  ArtifactId artifact;
};
struct AddEvidence {
  QueueId queue;
  Seq seq;
  Instant at{};  // when the attempt ended: the evidence of a message is kept in this order
  std::string evidence;
};

struct PutDeduplication {  // what a FIFO queue must not take again before `until`
  IdPlace at;
  MessageId id;  // of the message that was the first, and by it its seq: see place_of()
  Instant until{};
};
struct DropDeduplications {  // of all queues
  Minute before = 0;
};
struct PutMoveTask {
  MoveTask task;
};
struct DropMoveTask {
  MoveTaskId task;
};

using Mutation =
    std::variant<PutQueue, DropQueue, DropMessages, PutMessage, DropMessage, PutPayload,
                 PlacePayload, ReplacePayload, DropPayload, MovePayload, AddEvidence,
                 PutDeduplication, DropDeduplications, PutMoveTask, DropMoveTask>;
using Mutations = std::vector<Mutation>;

}  // namespace selvage::queue
