// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the batch actions have in common: one to ten entries, each with an id of its own, each with
// a result of its own.

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

// ---- batches of receipts
struct ReceiptEntry {
  std::string id;
  std::string handle;
  std::optional<int64_t> visibility_seconds;  // ChangeMessageVisibilityBatch
};
// Reads the value of Entries; false when a member is of the wrong kind.
bool take_receipt_entries(wire::JsonValue& value, std::vector<ReceiptEntry>& out);

// Entries whose handles are read one by one: a bad one fails alone.
class ReceiptBatch {
 public:
  struct Valid {
    size_t entry;
    queue::Receipt receipt;
  };
  static OrError<ReceiptBatch> check(const std::vector<ReceiptEntry>& entries);
  std::vector<Valid> valid() const { return valid_; }
  void refuse_entry(size_t entry, ApiError error);
  // `results` belong to the entries that are still valid, in their order. The whole answer.
  std::string finish(const queue::ItemResults& results);

 private:
  explicit ReceiptBatch(BatchResults results) : results_(std::move(results)) {}
  BatchResults results_;
  std::vector<Valid> valid_;
};

}  // namespace selvage::sqs
