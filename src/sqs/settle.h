// SPDX-License-Identifier: Apache-2.0
#pragma once
// What HandOver, Return and Fail have in common: entries that each name a lease, and a result for
// each: {"Results":[{"Outcome":"Done"},{"Outcome":"LeaseGone"},…]}.

#include <string>
#include <vector>

#include "sqs/call.h"
#include "sqs/receipt.h"

namespace selvage::sqs {

inline constexpr size_t kMaxSettledAtOnce = 1000;
inline constexpr size_t kMaxEvidenceBytes = 64 << 10;

// Reads a request of the shape {"Entries":[{…},…]}; `each` is called for every member of every
// entry, with the entry's number.
OrError<size_t> read_entries(
    Call& call, FunctionRef<bool(size_t entry, std::string_view key, Value& value)> each);

std::string results_json(const queue::ItemResults& results);

}  // namespace selvage::sqs
