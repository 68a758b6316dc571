// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a command changed, for whoever makes it durable. The mutations of one command belong in one
// commit; applied in order to what was stored before, they give what the engine now holds.

#include <string>
#include <variant>
#include <vector>

#include "queue/command.h"
#include "queue/message.h"

namespace selvage::queue {

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
  bool operator==(const QueueRecord&) const = default;
};

struct PutQueue {
  QueueRecord record;
};
struct DropQueue {  // with all its messages
  QueueId queue;
};
struct DropMessages {  // all of a queue
  QueueId queue;
};
struct PutMessage {
  QueueId queue;
  Seq seq;
  Message message;
};
struct DropMessage {  // the record that stands at `vest`
  QueueId queue;
  Seq seq;
  Instant vest;
};
struct PutPayload {
  QueueId queue;
  Seq seq;
  Payload payload;
};
struct DropPayload {  // and the evidence, if there is any
  QueueId queue;
  Seq seq;
  bool has_evidence = false;
};
struct MovePayload {  // and the evidence, if there is any
  QueueId from_queue;
  Seq from;
  QueueId to_queue;
  Seq to;
  bool has_evidence = false;
};
struct AddEvidence {
  QueueId queue;
  Seq seq;
  Instant at{};  // when the attempt ended: the evidence of a message is kept in this order
  std::string evidence;
};
struct KeepArtifact {  // a message that refers to it now exists
  ArtifactId artifact;
};
struct ReleaseArtifact {  // no message refers to it any more
  ArtifactId artifact;
};

struct PutDeduplication {  // what a FIFO queue must not take again before `until`
  QueueId queue;
  std::string key;
  MessageId id;
  Seq seq;
  Instant until{};
};
struct DropDeduplication {
  QueueId queue;
  std::string key;
};
struct PutMoveTask {
  MoveTask task;
};
struct DropMoveTask {
  MoveTaskId task;
};

using Mutation =
    std::variant<PutQueue, DropQueue, DropMessages, PutMessage, DropMessage, PutPayload,
                 DropPayload, MovePayload, AddEvidence, KeepArtifact, ReleaseArtifact,
                 PutDeduplication, DropDeduplication, PutMoveTask, DropMoveTask>;
using Mutations = std::vector<Mutation>;

}  // namespace selvage::queue
