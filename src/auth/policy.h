// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a queue says about who may use it: a policy as IAM has them, already parsed, and the
// decision that joins it with the caller's own grants. Pure.
//
// A statement applies when principal, action, resource and every condition fit. What cannot be
// understood fails closed: it fits in a Deny and does not in an Allow.
//
//   policy \ caller    of the queue's account    of another account         anonymous
//   a Deny applies     no                        no                         no
//   an Allow applies   yes                       if its grants allow, too   yes
//   neither            if its grants allow       no                         no

#include <string>
#include <string_view>
#include <vector>

#include "auth/condition.h"
#include "auth/keys.h"
#include "base/time.h"

namespace selvage::auth {

// Action or NotAction, Resource or NotResource, Principal or NotPrincipal.
struct Element {
  std::vector<std::string> values;
  bool negated = false;  // the Not form
};

enum class Effect { kAllow, kDeny };

struct Statement {
  std::string sid;
  Effect effect = Effect::kDeny;
  // Of kind AWS: "*", an account id, or the ARN of an account's root or of a user. Principals of
  // other kinds (services, federated) are kept as they are written and are nobody here.
  Element principals;
  Element actions;    // "sqs:SendMessage", "sqs:*", "*"; whatever their case, with `*` and `?`
  Element resources;  // ARNs with `*` and `?`
  std::vector<Condition> conditions;  // all must hold
};

struct Policy {
  std::string id;
  std::vector<Statement> statements;
};

// Who calls.
struct Caller {
  std::string account;
  std::string user;
  bool anonymous = false;
};

struct Request {
  Caller caller;
  std::string action;    // "sqs:SendMessage"
  std::string resource;  // the ARN of the queue
  Context context;       // besides aws:PrincipalArn and the like, which come from the caller
};

enum class Decision { kAllow, kDeny, kNone };

// An explicit Deny wins over any Allow. kNone: no statement applies.
Decision evaluate(const Policy& policy, const Request& request);

// The condition keys that every request has; what is empty is left out.
struct Circumstances {
  Instant now;
  std::string source_ip;
  bool tls = false;
  std::string user_agent;
};
// aws:CurrentTime, aws:EpochTime, aws:SourceIp, aws:SecureTransport, aws:UserAgent.
Context context_of(const Circumstances& circumstances);

struct Access {
  std::string action;   // "SendMessage", for a batch too; or ours: "Selvage.HandOver"
  std::string queue;    // its name; empty: the action names no queue
  std::string account;  // the queue's, which is the server's own
  std::string arn;      // the queue's
  Context context;
};

// The name of an action in a policy: "sqs:SendMessage"; "selvage:HandOver" for one of ours, so that
// "sqs:*" says nothing about those.
std::string policy_action(std::string_view action);

// The table above. `caller`: null when anonymous. `policy`: null when the queue has none. What
// changes the queue itself (attributes, tags, permissions, deleting, move tasks) or names none is
// for its own account only, whatever the policy says: as at AWS.
bool may(const Key* caller, const Access& access, const Policy* policy);

}  // namespace selvage::auth
