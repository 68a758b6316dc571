// SPDX-License-Identifier: Apache-2.0
#pragma once
// What people do with messages by hand: sent with long delays, looked at without leasing, taken
// back or moved while they wait, acknowledged. docs/reference/protocol.md has the shapes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/client.h"

namespace selvage::client {

struct NewMessage {
  std::string body = {};
  std::vector<MessageAttribute> attributes = {};
  std::optional<Duration> delay =
      {};  // whole milliseconds, up to 366 days; absent: the queue's own
  std::string group = {};
  std::string deduplication_id = {};
};
struct Sent {
  std::string outcome;  // "Done", or why not ("TooLarge", "NoGroup", …)
  std::string id;
  std::string sequence;  // of a FIFO queue
  std::string problem;   // a sentence, when it is not Done
};
// At most ten; each has its own result, in order.
void send_messages(Client& client, const std::string& queue,
                   const std::vector<NewMessage>& messages,
                   Client::Callback<std::vector<Sent>> done);

struct Peek {
  std::string queue;
  std::string state = {};  // "Visible", "InFlight", "Delayed"; empty: all
  std::string id = {};     // empty: all
  int max = 10;            // up to 100
  std::string next = {};   // where the last page ended
};
struct PeekedMessage {
  std::string id;
  std::string state;
  std::string body = {};
  std::vector<MessageAttribute> attributes;
  Instant sent{};
  Instant vests{};  // when it becomes visible (again)
  int64_t taken = 0;
  int64_t failed = 0;
  std::string group, deduplication_id, sequence;
  std::string dead_letter_source;  // where it died; empty: nowhere
  std::string evidence;            // a JSON list; empty: none
};
struct PeekedPage {
  std::vector<PeekedMessage> messages;
  std::string next;  // empty: that was all
};
void peek(Client& client, const Peek& request, Client::Callback<PeekedPage> done);

// Takes back messages that wait, at most a hundred: "Done", "NoMessage", or "Held" (leased).
void cancel_messages(Client& client, const std::string& queue, const std::vector<std::string>& ids,
                     Client::Callback<Outcomes> done);

struct Reschedule {
  std::string queue;
  std::vector<std::string> ids;        // at most a hundred
  std::optional<Duration> delay = {};  // from now; absent: as it is
  std::string target = {};             // the queue to move to; empty: stays
};
void reschedule(Client& client, const Reschedule& request, Client::Callback<Outcomes> done);

// Gives a message that waits another body; everything else of it stays. "Done", "NoMessage", "Held"
// (leased), "TooLarge".
struct Edit {
  std::string queue;
  std::string id;
  std::string body;
};
void edit_message(Client& client, const Edit& edit, Client::Callback<std::string> done);

// Deletes a leased message.
void acknowledge(Client& client, const std::string& queue, const std::string& receipt,
                 Client::Callback<void> done);

}  // namespace selvage::client
