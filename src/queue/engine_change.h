// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one way in which the engine edits a message: memory, mutation and books stay together.
// For the engine's own .cc files.

#include "queue/engine.h"

namespace selvage::queue {

template <typename Change>
void Engine::change(Queue& queue, Seq seq, Context& x, Change&& edit) {
  const Instant stood_at = queue.messages.find(seq)->vest;
  queue.messages.update(seq, x.now, edit);
  const Message& message = *queue.messages.find(seq);
  if (message.vest != stood_at) x.out.emplace_back(DropMessage{queue.record.id, seq, stood_at});
  x.out.emplace_back(PutMessage{queue.record.id, seq, message});
  touch(queue);
}

}  // namespace selvage::queue
