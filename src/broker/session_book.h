// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which sessions have a consumer that is connected to this process. Opening the store anew ends
// none of them: their consumers may be busy and hear nothing of it.

#include <map>
#include <mutex>
#include <vector>

#include "queue/command.h"

namespace selvage::broker {

// Thread-safe.
class SessionBook {
 public:
  // The answer that says so leaves.
  void opened(const queue::Opened& session);
  // To be carried out; if the store fails meanwhile, once it is open again.
  void closing(const queue::CloseSession& command);
  // That is durable.
  void closed(const queue::CloseSession& command);

  // With the generation that their consumers know.
  std::map<SessionId, uint64_t> connected() const;
  // What was to be closed, and may or may not have become durable.
  std::vector<queue::CloseSession> unfinished() const;

 private:
  mutable std::mutex mutex_;
  std::map<SessionId, uint64_t> connected_;
  std::map<std::pair<SessionId, uint64_t>, queue::CloseSession> closing_;  // by generation
};

}  // namespace selvage::broker
