// SPDX-License-Identifier: Apache-2.0
// Selvage.Fail: attempts that failed, with what they left behind.
#include <algorithm>

#include "sqs/actions.h"
#include "sqs/settle.h"

namespace selvage::sqs {
namespace {

struct Entry {
  std::string handle;
  std::optional<int64_t> ended_us;
  std::string evidence;
  bool poison = false;
  bool died = false;
};

bool take_member(std::string_view key, Value& v, Entry& entry) {
  if (key == "ReceiptHandle") return take(v, entry.handle);
  if (key == "EndedAtUs") return take(v, entry.ended_us);
  if (key == "Poison") return take(v, entry.poison);
  if (key == "Died") return take(v, entry.died);
  if (key != "Evidence") return true;
  const auto evidence = v.json_object();
  entry.evidence = evidence.value_or("");
  return evidence.has_value();
}

using Results = std::vector<queue::OrRefusal<queue::Failed>>;

std::string to_json(const Results& results) {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().key("Results").begin_array();
  for (const auto& result : results) {
    out.begin_object();
    if (!result)
      out.field("Outcome", outcome_name(result.error()));
    else if (result->dead)
      out.field("Outcome", "Dead");
    else
      out.field("Outcome", "Retry").field("DelayMs", result->delay / std::chrono::milliseconds(1));
    out.end_object();
  }
  out.end_array().end_object();
  return json;
}

}  // namespace

void fail_messages(const CallPtr& call) {
  std::vector<Entry> entries;
  const auto count = read_entries(*call, [&](size_t entry, std::string_view key, Value& v) {
    entries.resize(std::max(entries.size(), entry + 1));
    return take_member(key, v, entries[entry]);
  });
  SELVAGE_ANSWER_ERROR(call, count);
  entries.resize(*count);  // an entry without members is one too
  queue::Fail command;
  for (Entry& entry : entries) {
    const auto receipt = parse_receipt(entry.handle);
    SELVAGE_ANSWER_ERROR(call, receipt);
    if (entry.evidence.size() > kMaxEvidenceBytes)
      return call->refuse({kInvalidParameterValue, "Evidence must be at most 64 KiB."});
    const Instant ended = entry.ended_us ? from_micros(*entry.ended_us) : kNever;
    command.items.push_back({*receipt, ended, std::move(entry.evidence), entry.poison, entry.died});
  }
  call->submit<Results>(std::move(command),
                        [](Call& c, const Results& results) { c.answer_json(to_json(results)); });
}

}  // namespace selvage::sqs
