// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one way in which the engine edits a message that a consumer has or had: memory, mutation and
// books stay together. For the engine's own .cc files.

#include "queue/engine.h"

namespace selvage::queue {

template <typename Edit>
void Engine::hold(Queue& queue, Seq seq, Context& x, Edit&& edit) {
  stock_.hold(queue, seq, x, edit);
  touch(queue);
}

}  // namespace selvage::queue
