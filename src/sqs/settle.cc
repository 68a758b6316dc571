// SPDX-License-Identifier: Apache-2.0
#include "sqs/settle.h"

#include <fmt/format.h>

namespace selvage::sqs {

OrError<size_t> read_entries(
    Call& call, FunctionRef<bool(size_t entry, std::string_view key, Value& value)> each) {
  size_t count = 0;
  const auto parsed = call.read([&](std::string_view key, Value& v) {
    if (key != "Entries") return true;
    return v.list([&](Value& item) {
      const size_t entry = count++;
      return item.object(
          [&](std::string_view member, Value& value) { return each(entry, member, value); });
    });
  });
  if (!parsed) return std::unexpected(parsed.error());
  if (count == 0 || count > kMaxSettledAtOnce)
    return refuse(kInvalidParameterValue,
                  fmt::format("Entries must hold 1 to {} entries.", kMaxSettledAtOnce));
  return count;
}

std::string results_json(const queue::ItemResults& results) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().key("Results").begin_array();
  for (const auto& result : results)
    out.begin_object()
        .field("Outcome", result ? "Done" : outcome_name(result.error()))
        .end_object();
  out.end_array().end_object();
  return json;
}

}  // namespace selvage::sqs
