// SPDX-License-Identifier: Apache-2.0
#pragma once
// A batch as one block of a log: its bytes and their sum, so that a block that is torn or flipped
// is known.

#include <optional>
#include <string>
#include <string_view>

#include "store/store.h"

namespace selvage::sim {

uint64_t sum_of(std::string_view bytes);
std::string encode_block(const store::Batch& batch);
std::optional<store::Batch> decode_block(std::string_view block);  // nullopt: not what was written

}  // namespace selvage::sim
