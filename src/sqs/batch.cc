// SPDX-License-Identifier: Apache-2.0
#include "sqs/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sqs/receipt.h"
#include "sqs/text.h"

namespace selvage::sqs {
namespace {

constexpr size_t kMaxEntries = 10;
constexpr size_t kMaxIdLength = 80;

bool take_entries(Value& value, std::vector<ReceiptEntry>& out) {
  out.clear();
  return value.list([&](Value& item) {
    ReceiptEntry& entry = out.emplace_back();
    return item.object([&](std::string_view name, Value& v) {
      return name == "Id" ? take(v, entry.id) : take_member(name, v, entry);
    });
  });
}

bool is_valid_id(const std::string& id) {
  return !id.empty() && id.size() <= kMaxIdLength && std::ranges::all_of(id, is_name_character);
}

}  // namespace

OrError<void> check_batch_ids(const BatchNames& names, const BatchIds& ids) {
  if (ids.empty())
    return refuse(kEmptyBatchRequest,
                  fmt::format("There should be at least one {} in the request.", names.request));
  if (ids.size() > kMaxEntries)
    return refuse(kTooManyEntriesInBatchRequest,
                  fmt::format("Maximum number of entries per request are {}. You have sent {}.",
                              kMaxEntries, ids.size()));
  for (size_t i = 0; i < ids.size(); ++i)
    if (!ids[i]) return missing_parameter(fmt::format("{}.{}.Id", names.request, i + 1));
  if (!std::ranges::all_of(ids, [](const auto& id) { return is_valid_id(*id); }))
    return refuse(kInvalidBatchEntryId,
                  "A batch entry id can only contain alphanumeric characters, hyphens and "
                  "underscores. It can be at most 80 letters long.");
  std::set<std::string> seen;
  for (const auto& id : ids)
    if (!seen.insert(*id).second)
      return refuse(kBatchEntryIdsNotDistinct, fmt::format("Id {} repeated.", *id));
  return {};
}

void BatchResults::write(Result& out, FunctionRef<void(size_t entry)> members) const {
  std::vector<size_t> good, bad;
  for (size_t i = 0; i < ids_.size(); ++i) (has_failed(i) ? bad : good).push_back(i);
  out.objects(ListName{"Successful", names_.result, "Successful"}, good, [&](size_t i) {
    out.text("Id", *ids_[i]);
    members(i);
  });
  constexpr ListName kFailed{"Failed", "BatchResultErrorEntry", "Failed"};
  out.objects(kFailed, bad, [&](size_t i) {
    out.text("Id", *ids_[i])
        .boolean("SenderFault", errors_[i]->kind.status < 500)
        .text("Code", errors_[i]->kind.query)
        .text("Message", errors_[i]->message);
  });
}

// ---- leases

bool take_member(std::string_view name, Value& value, ReceiptEntry& entry) {
  if (name == "ReceiptHandle") return take(value, entry.handle);
  if (name == "VisibilityTimeout") return take(value, entry.visibility_seconds);
  return true;
}

ApiError describe_lease(queue::Refusal refusal, const ReceiptEntry& entry) {
  using queue::Refusal;
  if (refusal == Refusal::kForeignReceipt && !decode_receipt(entry.handle))
    return {kReceiptHandleIsInvalid,
            fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.",
                        entry.handle)};
  if (refusal == Refusal::kLeaseExpired && !entry.id)  // a batch says less
    return invalid_value(entry.handle, "ReceiptHandle", "The receipt handle has expired.").error();
  if (refusal == Refusal::kNoMessage)
    return invalid_value(entry.handle, "ReceiptHandle",
                         "Message does not exist or is not available for visibility timeout "
                         "change.")
        .error();
  if (refusal == Refusal::kLeaseTooLong)
    return invalid_value(
               fmt::format_int(entry.visibility_seconds.value_or(0)).str(), "VisibilityTimeout",
               "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].")
        .error();
  return describe(refusal);
}

void submit_single(const CallPtr& call, queue::Command command, ReceiptEntry entry) {
  call->submit<queue::ItemResults>(
      std::move(command), [entry = std::move(entry)](Call& c, const queue::ItemResults& results) {
        if (!results.front()) return c.refuse(describe_lease(results.front().error(), entry));
        c.answer();
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

OrError<ReceiptBatch> ReceiptBatch::read(Call& call, const BatchNames& names) {
  std::string url;
  std::vector<ReceiptEntry> entries;
  const auto parsed = call.read([&](std::string_view name, Value& v) {
    if (name == "QueueUrl") return take(v, url);
    return name != "Entries" || take_entries(v, entries);
  });
  if (!parsed) return std::unexpected(parsed.error());
  auto queue = call.queue_of(url);
  if (!queue) return std::unexpected(std::move(queue).error());
  BatchIds ids;
  for (const ReceiptEntry& entry : entries) ids.push_back(entry.id);
  if (auto valid = check_batch_ids(names, ids); !valid)
    return std::unexpected(std::move(valid).error());
  return ReceiptBatch(*std::move(queue), std::move(entries), BatchResults(names, std::move(ids)));
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

void ReceiptBatch::finish(Call& call, const queue::ItemResults& results) {
  size_t n = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!receipts_[i]) continue;
    const auto& result = results[n++];
    if (!result) results_.fail(i, describe_lease(result.error(), entries_[i]));
  }
  call.answer([this](Result& out) { results_.write(out, [](size_t) {}); });
}

}  // namespace selvage::sqs
