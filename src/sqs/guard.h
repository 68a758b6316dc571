// SPDX-License-Identifier: Apache-2.0
#pragma once
// Who may call: finds out who signed a request, and asks the key's grants and the queue's policy
// whether it may be done. Without keys everybody may do everything (and the server listens on this
// machine only, see app).

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "auth/policy.h"
#include "auth/verifier.h"
#include "http/server.h"
#include "sqs/backend.h"
#include "sqs/error.h"
#include "sqs/session_keys.h"

namespace selvage::sqs {

// Who sent a request; `key` is null for somebody unknown, who did not sign.
struct Caller {
  std::shared_ptr<const auth::Key> key;
  auth::Context context;                             // what policies may ask about
  bool unchecked = false;                            // there are no keys: may do everything
  std::shared_ptr<const KeyedSession> session = {};  // whose key it used; null: nobody's
};

// Thread-safe.
class Guard {
 public:
  // `session_keys`: null where sessions have none.
  Guard(Backend& backend, const Identity& identity, SessionKeys* session_keys = nullptr)
      : backend_(backend), identity_(identity), session_keys_(session_keys) {}

  // From now on; null: no keys.
  void use(std::shared_ptr<const auth::Verifier> verifier) {
    has_keys_ = verifier != nullptr;
    verifier_ = std::move(verifier);
  }
  bool has_keys() const { return has_keys_; }  // else everybody may do everything

  // Nothing is to be found out about its sender, who may do everything. Cheap.
  bool is_open_to(const http::Request& request) const;

  SessionKeys* session_keys() const { return session_keys_; }

  // Without keys it only looks whose session it is. Failure: what the service says of a missing,
  // wrong or old signature, and of the key of a session that has ended.
  OrError<Caller> identify(const http::Request& request, const http::Connection& connection,
                           Instant now) const;

  // Whether the caller may do `action` ("SendMessage", "Selvage.Peek"; a batch counts as its single
  // action) on the queue; "" when the action names none. Failure: AccessDenied.
  OrError<void> admit(const Caller& caller, std::string_view action,
                      const std::string& queue) const;

 private:
  // The policies of one moment, parsed when first asked for.
  struct Parsed {
    std::shared_ptr<const queue::Policies> texts;
    std::map<std::string, std::shared_ptr<const auth::Policy>> policies;
  };
  std::shared_ptr<const auth::Policy> policy_of(const std::string& queue) const;
  OrError<Caller> in_session(Caller caller, std::string_view key_id, Instant now) const;
  std::shared_ptr<const auth::Key> find_session_key(std::string_view id) const;

  Backend& backend_;
  const Identity& identity_;
  SessionKeys* const session_keys_;
  std::atomic<bool> has_keys_ = false;
  std::atomic<std::shared_ptr<const auth::Verifier>> verifier_;
  mutable std::mutex mutex_;
  mutable Parsed parsed_;
};

}  // namespace selvage::sqs
