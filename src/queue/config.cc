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
  if (redrive_allow) base.redrive_allow = *redrive_allow;
  if (fifo && !base.fifo) base.fifo.emplace();
  if (base.fifo) {
    if (content_based_deduplication)
      base.fifo->content_based_deduplication = *content_based_deduplication;
    if (deduplicates_per_group) base.fifo->deduplicates_per_group = *deduplicates_per_group;
    if (throughput_per_group) base.fifo->throughput_per_group = *throughput_per_group;
  }
  if (kms_key) {
    base.encryption.kms_key = *kms_key;
    if (!kms_key->empty()) base.encryption.managed = false;
  }
  if (kms_reuse) base.encryption.kms_reuse = *kms_reuse;
  if (sse_managed) {
    base.encryption.managed = *sse_managed;
    if (*sse_managed) base.encryption.kms_key.clear();
  }
  if (policy) base.policy = *policy;
  return base;
}

}  // namespace selvage::queue
