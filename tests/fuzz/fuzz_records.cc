// SPDX-License-Identifier: Apache-2.0
// Any bytes as what comes from a disk: refused, or the same when written again.
#include <cstdint>

#include "base/check.h"
#include "sqs/envelope.h"
#include "store/records.h"
#include "tests/fuzz/text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace selvage;
  const std::string_view bytes = fuzz::as_text(data, size);
  if (const auto queue = store::decode_queue(bytes))
    SELVAGE_CHECK(store::decode_queue(store::encode(*queue)).value() == *queue);
  if (const auto message = store::decode_message(bytes))
    SELVAGE_CHECK(store::encode(*message) ==
                  store::encode(store::decode_message(store::encode(*message)).value()));
  if (const auto known = store::decode_deduplication({}, bytes))
    SELVAGE_CHECK(store::encode(*known) == bytes);
  if (const auto task = store::decode_move_task(bytes))
    SELVAGE_CHECK(store::encode(*task) ==
                  store::encode(store::decode_move_task(store::encode(*task)).value()));
  if (const auto placed = store::decode_payload(bytes))
    SELVAGE_CHECK(store::encode_payload(placed->place, placed->payload) == bytes);
  if (const auto envelope = sqs::decode_envelope(bytes)) {
    const std::string once = sqs::encode_envelope(*envelope);
    SELVAGE_CHECK(sqs::encode_envelope(sqs::decode_envelope(once).value()) == once);
  }
  return 0;
}
