// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who did what to which message by hand: one JSON object a line in DIR/run/audit.jsonl of a
// workflow on this machine; where only the address of a broker is known, on standard output.

#include <string>
#include <string_view>

#include "app/link.h"

namespace selvage::app {

struct AuditEntry {
  std::string action = {};     // "redrive", "discard", "edit"
  std::string queue = {};      // where the message was
  std::string message = {};    // its id
  std::string to = {};         // redrive: where it went
  std::string signature = {};  // why it was a dead letter
  std::string outcome = {};    // "Done", or why not
  std::string broker = {};     // that was asked
};

class Audit {
 public:
  static constexpr size_t kMaxBytes = 64 << 20;  // then audit.jsonl.1 begins anew
  // `knows_directory`: at.data is that of the broker at at.broker. Failure (kSettings, kDiskFull):
  // the file cannot be written; nothing must be done then.
  static Result<Audit> open(const BrokerPlace& at, bool knows_directory);

  bool is_on_stdout() const { return path_.empty(); }
  // Failure (kDiskFull): it was not written; do no more.
  Result<void> record(const AuditEntry& entry) const;

 private:
  explicit Audit(std::string path) : path_(std::move(path)) {}
  std::string path_;  // empty: standard output
};

}  // namespace selvage::app
