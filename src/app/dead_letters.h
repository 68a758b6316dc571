// SPDX-License-Identifier: Apache-2.0
#pragma once
// Finding dead letters: where they are, which of them are meant, what they have in common.

#include <optional>
#include <string>
#include <vector>

#include "app/evidence.h"
#include "app/link.h"
#include "base/function_ref.h"
#include "client/messages.h"

namespace selvage::app {

struct DeadLetter {
  std::string queue;  // where it is now
  client::PeekedMessage message;
  std::vector<Attempt> attempts;
  // Of the last attempt, or what is known instead when there is no evidence; without a stage it
  // begins with the queue.
  std::string signature;
  Instant died{};
  // The stage that it failed in, else the queue.
  const std::string& where() const {
    const bool has_stage = !attempts.empty() && !attempts.back().stage.empty();
    return has_stage ? attempts.back().stage : message.dead_letter_source;
  }
};
DeadLetter to_dead_letter(std::string queue, client::PeekedMessage message);

// Where to look.
struct Scope {
  std::vector<std::string> queues;  // of dead letters, by name
  std::string source = {};          // only what died in this queue; empty: any
  std::string stage = {};           // only what failed in this stage; empty: any
};
// `name`: a queue of dead letters, a queue whose dead letters are meant, or a stage; empty: all.
// Failure: the broker's, or kGiveUp when a queue of that name never has any.
Result<Scope> find_scope(Link& link, const std::string& name);

// Which of them. Empty and absent: any; what is given counts together.
struct DeadFilter {
  std::vector<std::string> ids = {};
  std::string group = {};              // a signature, or its short name
  std::string stage = {};              // or the queue where it died
  std::optional<Duration> older = {};  // died so long ago, or longer
  std::string contains = {};           // in the body
};
bool matches(const DeadFilter& filter, const DeadLetter& letter, Instant now);

// Gives every dead letter there that is meant, in the order of each queue, until `each` returns
// false. Failure: the broker's. Of ids that are nowhere nothing is said.
Result<void> for_each(Link& link, const Scope& scope, const DeadFilter& filter,
                      FunctionRef<bool(DeadLetter&& letter)> each);

}  // namespace selvage::app
