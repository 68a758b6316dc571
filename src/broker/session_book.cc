// SPDX-License-Identifier: Apache-2.0
#include "broker/session_book.h"

namespace selvage::broker {

void SessionBook::opened(const queue::Opened& session) {
  const std::scoped_lock lock(mutex_);
  connected_[session.session] = session.generation;
}

void SessionBook::closing(const queue::CloseSession& command) {
  const std::scoped_lock lock(mutex_);
  closing_.try_emplace({command.session, command.generation}, command);
}

void SessionBook::closed(const queue::CloseSession& command) {
  const std::scoped_lock lock(mutex_);
  closing_.erase({command.session, command.generation});
  // An old connection's end says nothing about a session that was resumed since.
  const auto at = connected_.find(command.session);
  if (at != connected_.end() && at->second <= command.generation) connected_.erase(at);
}

std::map<SessionId, uint64_t> SessionBook::connected() const {
  const std::scoped_lock lock(mutex_);
  return connected_;
}

std::vector<queue::CloseSession> SessionBook::unfinished() const {
  const std::scoped_lock lock(mutex_);
  std::vector<queue::CloseSession> commands;
  for (const auto& [key, command] : closing_) commands.push_back(command);
  return commands;
}

}  // namespace selvage::broker
