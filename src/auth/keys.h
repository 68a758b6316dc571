// SPDX-License-Identifier: Apache-2.0
#pragma once
// The keys that callers sign with, and what each may do. Where they come from (the credentials
// file) is another's business. The queue's own word on it is in policy.h.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace selvage::auth {

// Each action on each queue. Both take `*` and `?`; actions are equal whatever their case.
struct Grant {
  std::vector<std::string> actions;  // "SendMessage", "Get*", "Selvage.HandOver", "*"
  std::vector<std::string> queues;   // queue names: "orders", "team-*", "*"
};

struct Key {
  std::string id;       // public: AKIA...
  std::string secret;   // shared with the caller only; never shown or logged
  std::string name;     // of the user; empty: the id
  std::string account;  // empty: the server's own
  std::vector<Grant> grants;

  const std::string& user() const { return name.empty() ? id : name; }
};

// Whether a grant is about the action, on whatever queues.
bool allows(const Grant& grant, std::string_view action);

// Whether the key's own grants allow `action` on the queue of that name. An action that names no
// queue (ListQueues) is asked with an empty name: only a grant for every queue ("*") allows it,
// because its answer is about every queue. Batches are asked as their single action.
bool grants(const Key& key, std::string_view action, std::string_view queue);

// All keys of a server. Immutable, so any thread may ask; a new credentials file is a new Keyring.
class Keyring {
 public:
  Keyring() = default;  // without keys
  // Failure (kSettings): an id that is empty, given twice or has other characters than letters,
  // digits,
  // "-", "_" and "."; or an empty secret. Never says a secret.
  static Result<Keyring> make(std::vector<Key> keys);

  // Null when there is no such key. The key lives on with whoever holds it.
  std::shared_ptr<const Key> find(std::string_view id) const;
  bool empty() const { return keys_.empty(); }

 private:
  std::map<std::string, std::shared_ptr<const Key>, std::less<>> keys_;
};

}  // namespace selvage::auth
