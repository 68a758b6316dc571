// SPDX-License-Identifier: Apache-2.0
// Any bytes as what comes from a disk or in a receipt handle: refused, or the same when written
// again.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "sqs/receipt.h"
#include "store/records.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto queue = selvage::store::decode_queue(bytes))
    SELVAGE_CHECK(selvage::store::decode_queue(selvage::store::encode(*queue)).value() == *queue);
  if (const auto message = selvage::store::decode_message(bytes))
    SELVAGE_CHECK(selvage::store::encode(*message) ==
                  selvage::store::encode(
                      selvage::store::decode_message(selvage::store::encode(*message)).value()));
  if (const auto receipt = selvage::sqs::decode_receipt(bytes))
    SELVAGE_CHECK(selvage::sqs::decode_receipt(selvage::sqs::encode_receipt(*receipt)) == receipt);
  return 0;
}
