// SPDX-License-Identifier: Apache-2.0
#pragma once
// Access keys of sessions (docs/decisions/0015): whoever signs with one works in that session, so a
// program that knows only Amazon's actions has leases that end with its process. Id and secret
// follow from the session's id and one secret of the broker, so a broker that was started anew
// knows them again; what they may do is told with each OpenSession.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "auth/keys.h"
#include "base/time.h"
#include "queue/command.h"

namespace selvage::sqs {

// A session that is open and has a key.
struct KeyedSession {
  SessionId id;
  uint64_t generation = 0;
  std::shared_ptr<const auth::Key> key;
  std::optional<Duration> visibility;  // of its receives that name none; absent: the queue's own
};

// Thread-safe. A key is void from the moment on at which its session's end is told to us.
class SessionKeys {
 public:
  // How long after our start a session that we do not know may still be resumed.
  static constexpr Duration kReturnTime = std::chrono::seconds(6);

  // `secret`: of this broker alone, any bytes. `started`: when it began to answer.
  SessionKeys(std::string secret, Instant started)
      : secret_(std::move(secret)), started_(started) {}

  static std::string id_of(SessionId session);
  // Nullopt when it is not the id of any session's key.
  static std::optional<SessionId> session_of(std::string_view key_id);
  std::string secret_of(std::string_view key_id) const;

  // `key` has what it may do; its id and its secret are filled in.
  std::shared_ptr<const auth::Key> opened(const queue::Opened& session, auth::Key key,
                                          std::optional<Duration> visibility);
  // An old connection's end says nothing about a session that was resumed since.
  void ended(SessionId session, uint64_t generation);

  // Null when there is no such session, or it has ended.
  std::shared_ptr<const KeyedSession> find(std::string_view key_id) const;
  // Too early to say that it has ended: whoever holds it may not have come back yet.
  bool may_return(std::string_view key_id, Instant now) const {
    return session_of(key_id) && now < started_ + kReturnTime;
  }

 private:
  const std::string secret_;
  const Instant started_;
  mutable std::mutex mutex_;
  std::map<SessionId, std::shared_ptr<const KeyedSession>> sessions_;
};

}  // namespace selvage::sqs
