// SPDX-License-Identifier: Apache-2.0
#include "sqs/session_keys.h"

#include <algorithm>
#include <utility>

#include "auth/digest.h"
#include "base/bytes.h"
#include "sqs/session_id.h"
#include "sqs/text.h"

namespace selvage::sqs {
namespace {

// No hexadecimal digit follows it in the key of our own processes ("SELVAGE" and sixteen digits).
constexpr std::string_view kPrefix = "SELVAGESESSION";
constexpr size_t kDigits = 16;

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

std::string SessionKeys::id_of(SessionId session) {
  std::string id(kPrefix);
  for (const char c : print_session_id(session)) id += upper(c);
  return id;
}

std::optional<SessionId> SessionKeys::session_of(std::string_view key_id) {
  if (!key_id.starts_with(kPrefix) || key_id.size() != kPrefix.size() + kDigits)
    return std::nullopt;
  const auto value = hex_number(key_id.substr(kPrefix.size()));
  if (!value || id_of(SessionId{*value}) != key_id) return std::nullopt;
  return SessionId{*value};
}

std::string SessionKeys::secret_of(std::string_view key_id) const {
  return to_hex(auth::hmac_sha256(secret_, key_id));
}

std::shared_ptr<const auth::Key> SessionKeys::opened(const queue::Opened& session, auth::Key key,
                                                     std::optional<Duration> visibility) {
  key.id = id_of(session.session);
  key.secret = secret_of(key.id);
  auto shared = std::make_shared<const auth::Key>(std::move(key));
  const std::scoped_lock lock(mutex_);
  sessions_[session.session] = std::make_shared<const KeyedSession>(
      KeyedSession{session.session, session.generation, shared, visibility});
  return shared;
}

void SessionKeys::ended(SessionId session, uint64_t generation) {
  const std::scoped_lock lock(mutex_);
  const auto at = sessions_.find(session);
  if (at != sessions_.end() && at->second->generation <= generation) sessions_.erase(at);
}

std::shared_ptr<const KeyedSession> SessionKeys::find(std::string_view key_id) const {
  const auto session = session_of(key_id);
  if (!session) return nullptr;
  const std::scoped_lock lock(mutex_);
  const auto at = sessions_.find(*session);
  return at == sessions_.end() ? nullptr : at->second;
}

}  // namespace selvage::sqs
