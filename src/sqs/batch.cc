// SPDX-License-Identifier: Apache-2.0
#include "sqs/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "sqs/receipt.h"

namespace selvage::sqs {
namespace {

constexpr size_t kMaxEntries = 10;
constexpr size_t kMaxIdLength = 80;

bool take_entries(wire::JsonValue& value, std::vector<ReceiptEntry>& out) {
  return value.array([&](wire::JsonValue& item) {
    ReceiptEntry& entry = out.emplace_back();
    return item.object([&](std::string_view key, wire::JsonValue& v) {
      if (key == "Id") return take(v, entry.id);
      if (key == "ReceiptHandle") return take(v, entry.handle);
      if (key == "VisibilityTimeout") return take(v, entry.visibility_seconds);
      return true;
    });
  });
}

bool is_valid_id(const std::string& id) {
  return !id.empty() && id.size() <= kMaxIdLength && std::ranges::all_of(id, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
}

}  // namespace

OrError<void> check_batch_ids(const std::vector<std::string>& ids) {
  if (ids.empty()) return refuse(kEmptyBatchRequest, "There should be at least one entry.");
  if (ids.size() > kMaxEntries)
    return refuse(kTooManyEntriesInBatchRequest,
                  fmt::format("Maximum number of entries per request are {}. You have sent {}.",
                              kMaxEntries, ids.size()));
  if (!std::ranges::all_of(ids, is_valid_id))
    return refuse(kInvalidBatchEntryId,
                  "A batch entry id can only contain alphanumeric characters, hyphens and "
                  "underscores. It can be at most 80 letters long.");
  std::set<std::string> seen;
  for (const std::string& id : ids)
    if (!seen.insert(id).second)
      return refuse(kBatchEntryIdsNotDistinct, fmt::format("Id {} repeated.", id));
  return {};
}

std::string BatchResults::to_json() const {
  std::string good;
  std::string bad;
  for (size_t i = 0; i < ids_.size(); ++i) {
    const auto* const error = std::get_if<ApiError>(&results_[i]);
    std::string& list = error == nullptr ? good : bad;
    if (!list.empty()) list += ',';
    list += fmt::format(R"({{"Id":"{}")", ids_[i]);  // ids hold no character that needs escaping
    if (error == nullptr) {
      const auto& members = std::get<std::string>(results_[i]);
      list += members.empty() ? "}" : "," + members + "}";
      continue;
    }
    std::string details;
    wire::JsonWriter(details)
        .field("Code", error->kind.query)
        .field("Message", error->message)
        .key("SenderFault")
        .boolean(error->kind.status < 500);
    list += "," + details + "}";
  }
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object();
  if (!good.empty()) out.key("Successful").raw("[" + good + "]");
  if (!bad.empty()) out.key("Failed").raw("[" + bad + "]");
  out.end_object();
  return json;
}

void submit_single(const CallPtr& call, queue::Command command) {
  call->submit<queue::ItemResults>(std::move(command),
                                   [](Call& c, const queue::ItemResults& results) {
                                     if (!results.front())
                                       return c.refuse(describe(results.front().error()));
                                     c.answer("{}");
                                   });
}

ReceiptBatch::ReceiptBatch(std::string queue, std::vector<ReceiptEntry> entries,
                           BatchResults results)
    : queue_(std::move(queue)), entries_(std::move(entries)), results_(std::move(results)) {
  for (size_t i = 0; i < entries_.size(); ++i) {
    auto receipt = parse_receipt(entries_[i].handle);
    if (receipt)
      receipts_.emplace_back(*receipt);
    else
      receipts_.emplace_back();
    if (!receipt) results_.fail(i, std::move(receipt).error());
  }
}

OrError<ReceiptBatch> ReceiptBatch::read(std::string_view json) {
  std::string url;
  std::vector<ReceiptEntry> entries;
  const auto parsed = read_members(json, [&](std::string_view key, wire::JsonValue& v) {
    if (key == "QueueUrl") return take(v, url);
    return key != "Entries" || take_entries(v, entries);
  });
  if (!parsed) return std::unexpected(parsed.error());
  auto queue = queue_of(url);
  if (!queue) return std::unexpected(std::move(queue).error());
  std::vector<std::string> ids;
  for (const ReceiptEntry& entry : entries) ids.push_back(entry.id);
  if (auto valid = check_batch_ids(ids); !valid) return std::unexpected(std::move(valid).error());
  return ReceiptBatch(*std::move(queue), std::move(entries), BatchResults(std::move(ids)));
}

std::vector<ReceiptBatch::Valid> ReceiptBatch::valid() const {
  std::vector<Valid> found;
  for (size_t i = 0; i < entries_.size(); ++i)
    if (receipts_[i]) found.push_back({entries_[i], i, *receipts_[i]});
  return found;
}

void ReceiptBatch::refuse_entry(size_t number, ApiError error) {
  receipts_[number].reset();
  results_.fail(number, std::move(error));
}

std::string ReceiptBatch::finish(const queue::ItemResults& results) {
  size_t n = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!receipts_[i]) continue;
    const auto& result = results[n++];
    if (result)
      results_.succeed(i, "");
    else
      results_.fail(i, describe(result.error()));
  }
  return results_.to_json();
}

}  // namespace selvage::sqs
