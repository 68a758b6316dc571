// SPDX-License-Identifier: Apache-2.0
// Selvage.Return: leases given back without burning an attempt.
#include <algorithm>

#include "sqs/actions.h"
#include "sqs/limits.h"
#include "sqs/settle.h"

namespace selvage::sqs {

void return_messages(const CallPtr& call) {
  constexpr Range kReturnDelayMs{"DelayMs", 0, 43'200'000};
  struct Entry {
    std::string handle;
    std::optional<int64_t> delay_ms;
  };
  std::vector<Entry> entries;
  const auto count = read_entries(*call, [&](size_t entry, std::string_view key, Value& v) {
    entries.resize(std::max(entries.size(), entry + 1));
    if (key == "ReceiptHandle") return take(v, entries[entry].handle);
    if (key == "DelayMs") return take(v, entries[entry].delay_ms);
    return true;
  });
  SELVAGE_ANSWER_ERROR(call, count);
  entries.resize(*count);  // an entry without members is one too
  queue::Return command;
  for (const Entry& entry : entries) {
    const auto receipt = parse_receipt(entry.handle);
    SELVAGE_ANSWER_ERROR(call, receipt);
    const auto delay = in_range(kReturnDelayMs, entry.delay_ms.value_or(0));
    SELVAGE_ANSWER_ERROR(call, delay);
    command.items.push_back({*receipt, std::chrono::milliseconds(*delay)});
  }
  call->submit<queue::ItemResults>(
      std::move(command),
      [](Call& c, const queue::ItemResults& results) { c.answer_json(results_json(results)); });
}

}  // namespace selvage::sqs
