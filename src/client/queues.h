// SPDX-License-Identifier: Apache-2.0
#pragma once
// What people do with queues by hand, in Amazon's actions: made, looked at, changed, emptied, and
// dead letters moved back. Errors are Client's.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/client.h"

namespace selvage::client {

// Names and values as Amazon has them: {"VisibilityTimeout", "30"}; also tags.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

struct NewQueue {
  std::string name;
  NamedTexts attributes = {};
  NamedTexts tags = {};
};
// Its URL; also when there is one already that has these attributes.
void create_queue(Client& client, const NewQueue& queue, Client::Callback<std::string> done);
// All of them.
void get_attributes(Client& client, const std::string& queue, Client::Callback<NamedTexts> done);
void set_attributes(Client& client, const std::string& queue, const NamedTexts& attributes,
                    Client::Callback<void> done);
void get_tags(Client& client, const std::string& queue, Client::Callback<NamedTexts> done);
void set_tags(Client& client, const std::string& queue, const NamedTexts& tags,
              Client::Callback<void> done);
// The URLs of the queues whose dead letters come to this one; at most the first thousand.
void get_dead_letter_sources(Client& client, const std::string& queue,
                             Client::Callback<std::vector<std::string>> done);
void purge_queue(Client& client, const std::string& queue, Client::Callback<void> done);
void delete_queue(Client& client, const std::string& queue, Client::Callback<void> done);

// ---- message move tasks; queues by their ARNs

struct NewMove {
  std::string source;
  std::string destination = {};      // empty: each message where it came from
  std::optional<int64_t> rate = {};  // messages a second; absent: as fast as it goes
};
struct Move {
  std::string handle;  // only while it runs
  std::string status;  // "RUNNING", "COMPLETED", "CANCELLING", "CANCELLED", "FAILED"
  std::string destination;
  std::string failure;
  int64_t moved = 0;
  std::optional<int64_t> to_move;
  Instant started{};
};
void start_move(Client& client, const NewMove& move, Client::Callback<std::string> done);  // handle
// The last ten of a source, the newest first.
void list_moves(Client& client, const std::string& source,
                Client::Callback<std::vector<Move>> done);
// How many messages had been moved; they stay where they are.
void cancel_move(Client& client, const std::string& handle, Client::Callback<int64_t> done);

}  // namespace selvage::client
