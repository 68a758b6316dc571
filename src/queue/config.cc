// SPDX-License-Identifier: Apache-2.0
#include "queue/config.h"

namespace selvage::queue {

QueueConfig ConfigPatch::applied_to(QueueConfig base) const {
  if (visibility) base.visibility = *visibility;
  if (delay) base.delay = *delay;
  if (retention) base.retention = *retention;
  if (receive_wait) base.receive_wait = *receive_wait;
  if (max_message_bytes) base.max_message_bytes = *max_message_bytes;
  if (redrive) base.redrive = *redrive;
  if (retry) base.retry = *retry;
  return base;
}

}  // namespace selvage::queue
