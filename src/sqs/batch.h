// SPDX-License-Identifier: Apache-2.0
#pragma once
// What actions on items have in common. Batches: one to ten entries, each with an id of its own,
// each with a result of its own. Their single forms: one item, and its refusal is the call's.

#include <optional>
#include <string>
#include <vector>

#include "sqs/call.h"

namespace selvage::sqs {

// What XML calls the entries of one kind of batch.
struct BatchNames {
  std::string_view request, result;
};
inline constexpr BatchNames kSendBatch{"SendMessageBatchRequestEntry",
                                       "SendMessageBatchResultEntry"};
inline constexpr BatchNames kDeleteBatch{"DeleteMessageBatchRequestEntry",
                                         "DeleteMessageBatchResultEntry"};
inline constexpr BatchNames kVisibilityBatch{"ChangeMessageVisibilityBatchRequestEntry",
                                             "ChangeMessageVisibilityBatchResultEntry"};

// EmptyBatchRequest, TooManyEntriesInBatchRequest, MissingParameter, InvalidBatchEntryId or
// BatchEntryIdsNotDistinct.
using BatchIds = std::vector<std::optional<std::string>>;  // absent: the entry has none
OrError<void> check_batch_ids(const BatchNames& names, const BatchIds& ids);

// The results of a batch in the order of its entries.
class BatchResults {
 public:
  // Of ids that were checked.
  BatchResults(const BatchNames& names, BatchIds ids)
      : names_(names), ids_(std::move(ids)), errors_(ids_.size()) {}
  void fail(size_t entry, ApiError error) { errors_[entry] = std::move(error); }
  bool has_failed(size_t entry) const { return errors_[entry].has_value(); }
  // Both lists. `members` writes what an entry that has not failed says besides its Id.
  void write(Result& out, FunctionRef<void(size_t entry)> members) const;

 private:
  BatchNames names_;
  BatchIds ids_;
  std::vector<std::optional<ApiError>> errors_;
};

// ---- actions on a lease, one or several
struct ReceiptEntry {
  std::optional<std::string> id;  // in a batch
  std::string handle;
  std::optional<int64_t> visibility_seconds;  // ChangeMessageVisibility
};
bool take_member(std::string_view name, Value& value, ReceiptEntry& entry);

// What a refusal of the lease that `entry` names is called.
ApiError describe_lease(queue::Refusal refusal, const ReceiptEntry& entry);

// Submits a command of one item, whose lease `entry` names; answers it or the item's refusal.
void submit_single(const CallPtr& call, queue::Command command, ReceiptEntry entry);

// Handles are read one by one: a bad one fails alone.
class ReceiptBatch {
 public:
  struct Valid {
    const ReceiptEntry& entry;
    size_t number;
    queue::Receipt receipt;
  };
  // Reads a whole request. Failure: a batch error, or a member of the wrong kind.
  static OrError<ReceiptBatch> read(Call& call, const BatchNames& names);

  const std::string& queue() const { return queue_; }
  std::vector<Valid> valid() const;
  void refuse_entry(size_t number, ApiError error);
  // `results` belong to the entries that are still valid, in their order. Answers the call.
  void finish(Call& call, const queue::ItemResults& results);

 private:
  ReceiptBatch(std::string queue, std::vector<ReceiptEntry> entries, BatchResults results);

  std::string queue_;
  std::vector<ReceiptEntry> entries_;
  std::vector<std::optional<queue::Receipt>> receipts_;  // by entry; absent: refused
  BatchResults results_;
};

}  // namespace selvage::sqs
