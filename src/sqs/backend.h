// SPDX-License-Identifier: Apache-2.0
#pragma once
// The small port through which the protocols reach the engine. The composition root puts a broker
// behind it.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "queue/command.h"

namespace selvage::sqs {

// Thread-safe.
class Backend {
 public:
  using Ticket = uint64_t;
  using Done = std::move_only_function<void(queue::Reply)>;
  virtual ~Backend() = default;
  // Decides `command`; calls `done` once, on any thread, when its effect is durable.
  virtual Ticket submit(queue::Command command, Done done) = 0;
  // Forgets a receive that still waits; anything else takes its course.
  virtual void cancel(Ticket ticket) = 0;
  // The policy documents of all queues that have one, by queue. A change is seen at the latest when
  // it is answered. Null: there are none.
  virtual std::shared_ptr<const queue::Policies> policies() const { return nullptr; }

  // Copies everything that is durable by now to a directory of this machine, while life goes on;
  // calls `done` once, on any thread, with the bytes of the copy when that is durable.
  // Failure: kSettings when `directory` cannot be used; the others are about the server.
  using BackedUp = std::function<void(selvage::Result<uint64_t> bytes)>;
  virtual void back_up([[maybe_unused]] const std::string& directory, const BackedUp& done) {
    done(failure(ErrorCode::kGiveUp, "this server cannot make a backup"));
  }
};

// What names in answers say.
struct Identity {
  std::string region = "us-east-1";
  std::string account = "000000000000";
  std::string public_url = {};  // what queue URLs begin with; empty: the host that was asked
  std::string arn(const std::string& queue) const {
    return "arn:aws:sqs:" + region + ":" + account + ":" + queue;
  }
};

}  // namespace selvage::sqs
