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

bool take_receipt_entries(wire::JsonValue& value, std::vector<ReceiptEntry>& out) {
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

OrError<ReceiptBatch> ReceiptBatch::check(const std::vector<ReceiptEntry>& entries) {
  std::vector<std::string> ids;
  for (const ReceiptEntry& entry : entries) ids.push_back(entry.id);
  if (auto valid = check_batch_ids(ids); !valid) return std::unexpected(std::move(valid).error());
  ReceiptBatch batch{BatchResults(std::move(ids))};
  for (size_t i = 0; i < entries.size(); ++i) {
    auto receipt = parse_receipt(entries[i].handle);
    if (receipt)
      batch.valid_.push_back({i, *receipt});
    else
      batch.results_.fail(i, std::move(receipt).error());
  }
  return batch;
}

void ReceiptBatch::refuse_entry(size_t entry, ApiError error) {
  std::erase_if(valid_, [&](const Valid& v) { return v.entry == entry; });
  results_.fail(entry, std::move(error));
}

std::string ReceiptBatch::finish(const queue::ItemResults& results) {
  for (size_t n = 0; n < valid_.size(); ++n) {
    if (results[n])
      results_.succeed(valid_[n].entry, "");
    else
      results_.fail(valid_[n].entry, describe(results[n].error()));
  }
  return results_.to_json();
}

}  // namespace selvage::sqs
