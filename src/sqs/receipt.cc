// SPDX-License-Identifier: Apache-2.0
#include "sqs/receipt.h"

#include "base/bytes.h"

namespace selvage::sqs {
namespace {

constexpr uint8_t kVersion = 1;

}  // namespace

std::string encode_receipt(const queue::Receipt& receipt) {
  std::string raw;
  Encoder(raw)
      .u8(kVersion)
      .u64(receipt.queue.value)
      .u64(receipt.seq.value)
      .u64(receipt.token.value);
  return to_hex(raw);
}

std::optional<queue::Receipt> decode_receipt(std::string_view handle) {
  const auto raw = from_hex(handle);
  if (!raw) return std::nullopt;
  Decoder in(*raw);
  if (in.u8() != kVersion) return std::nullopt;
  const queue::Receipt receipt{{in.u64()}, {in.u64()}, {in.u64()}};
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return receipt;
}

OrError<queue::Receipt> parse_receipt(std::string_view handle) {
  if (handle.empty()) return missing_parameter("ReceiptHandle");
  return decode_receipt(handle).value_or(queue::Receipt{});
}

}  // namespace selvage::sqs
