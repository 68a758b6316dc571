// SPDX-License-Identifier: Apache-2.0
#pragma once
// What actions on items have in common. Batches: one to ten entries, each with an id of its own,
// each with a result of its own. Their single forms: one item, and its refusal is the call's.

#include <string>
#include <variant>
#include <vector>

#include "sqs/call.h"

namespace selvage::sqs {

// EmptyBatchRequest, TooManyEntriesInBatchRequest, InvalidBatchEntryId or BatchEntryIdsNotDistinct.
OrError<void> check_batch_ids(const std::vector<std::string>& ids);

// The results of a batch in the order of its entries: JSON members of a success, or an error.
class BatchResults {
 public:
  explicit BatchResults(std::vector<std::string> ids)
      : ids_(std::move(ids)), results_(ids_.size()) {}
  // `members`: what a successful entry says besides its Id, as `"Name":value,…`; may be empty.
  void succeed(size_t entry, std::string members) { results_[entry] = std::move(members); }
  void fail(size_t entry, ApiError error) { results_[entry] = std::move(error); }
  // {"Successful":[…],"Failed":[…]}; an empty list is left out.
  std::string to_json() const;

 private:
  std::vector<std::string> ids_;
  std::vector<std::variant<std::string, ApiError>> results_;
};

// Submits a command of one item; answers {} or the item's refusal.
void submit_single(const CallPtr& call, queue::Command command);

// ---- DeleteMessageBatch and ChangeMessageVisibilityBatch: entries that each name a lease
struct ReceiptEntry {
  std::string id;
  std::string handle;
  std::optional<int64_t> visibility_seconds;  // ChangeMessageVisibilityBatch
};

// Handles are read one by one: a bad one fails alone.
class ReceiptBatch {
 public:
  struct Valid {
    const ReceiptEntry& entry;
    size_t number;
    queue::Receipt receipt;
  };
  // Reads a whole request. Failure: a batch error, or a member of the wrong kind.
  static OrError<ReceiptBatch> read(std::string_view json);

  const std::string& queue() const { return queue_; }
  std::vector<Valid> valid() const;
  void refuse_entry(size_t number, ApiError error);
  // `results` belong to the entries that are still valid, in their order. The whole answer.
  std::string finish(const queue::ItemResults& results);

 private:
  ReceiptBatch(std::string queue, std::vector<ReceiptEntry> entries, BatchResults results);

  std::string queue_;
  std::vector<ReceiptEntry> entries_;
  std::vector<std::optional<queue::Receipt>> receipts_;  // by entry; absent: refused
  BatchResults results_;
};

}  // namespace selvage::sqs
