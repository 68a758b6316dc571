// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/block.h"

#include "base/bytes.h"

namespace selvage::sim {

uint64_t sum_of(std::string_view bytes) {
  uint64_t sum = 0xCBF29CE484222325;  // FNV-1a
  for (const char c : bytes) sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return sum;
}

std::string encode_block(const store::Batch& batch) {
  std::string body;
  Encoder in(body);
  in.u32(static_cast<uint32_t>(batch.ranges.size()));
  for (const store::RangeDelete& range : batch.ranges)
    in.u8(static_cast<uint8_t>(range.table)).text(range.first).text(range.last);
  in.u32(static_cast<uint32_t>(batch.writes.size()));
  for (const store::Write& write : batch.writes) {
    in.u8(static_cast<uint8_t>(write.table)).text(write.key).u8(write.value ? 1 : 0);
    if (write.value) in.text(*write.value);
  }
  std::string block;
  Encoder(block).u64(sum_of(body)).raw(body);
  return block;
}

std::optional<store::Batch> decode_block(std::string_view block) {
  Decoder whole(block);
  const uint64_t sum = whole.u64();
  if (!whole.ok()) return std::nullopt;
  const std::string_view body = block.substr(sizeof(sum));
  if (sum_of(body) != sum) return std::nullopt;
  Decoder in(body);
  store::Batch batch;
  for (uint32_t left = in.u32(); left > 0; --left) {
    const auto table = static_cast<store::Table>(in.u8());
    std::string first(in.text());
    batch.ranges.push_back({table, std::move(first), std::string(in.text())});
  }
  for (uint32_t left = in.u32(); left > 0; --left) {
    store::Write write{static_cast<store::Table>(in.u8()), std::string(in.text()), std::nullopt};
    if (in.u8() == 1) write.value = std::string(in.text());
    batch.writes.push_back(std::move(write));
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return batch;
}

}  // namespace selvage::sim
