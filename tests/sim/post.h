// SPDX-License-Identifier: Apache-2.0
#pragma once
// The network between the clients and the broker: late, lossy, and in bad weather it brings a
// request twice.

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "tests/sim/server.h"

namespace selvage::sim {

class Post {
 public:
  // Null: no answer came, and nobody knows what became of the request.
  using OnReply = std::function<void(const queue::Reply*)>;

  explicit Post(Site& site) : site_(site) {}

  // Calls back once, within `patience` and a little.
  void call(queue::Command command, Duration patience, OnReply on_reply);
  // Reliable and at once, as within the broker's machine: the end of a connection.
  void tell(queue::Command command);
  // All of them are decided in one turn that has nothing else to do; the answers come one by one.
  void ask(std::vector<queue::Command> commands,
           const std::function<void(const Call&, const queue::Reply*)>& on_reply);

  void connect(std::shared_ptr<Server> server) { server_ = std::move(server); }
  // Some requests still go to the former owner.
  void connect_stale(std::shared_ptr<Server> server) { stale_ = std::move(server); }
  CallId last_call() const { return last_call_; }

 private:
  struct Parcel {  // one request under way; kept alive by who may still answer it
    queue::Command command;
    OnReply on_reply;
    bool is_over = false;
    std::vector<std::pair<std::shared_ptr<Server>, CallId>> at;  // where it arrived
  };
  using Shared = std::shared_ptr<Parcel>;

  void arrive(const Shared& parcel);
  void give_up(const Shared& parcel);
  void reply(const Shared& parcel, const queue::Reply* reply);
  void finish(const Shared& parcel, const queue::Reply* reply);
  void abandon(const queue::Reply& reply);  // nobody will ever know of it
  std::shared_ptr<Server> some_server();

  Site& site_;
  std::shared_ptr<Server> server_;
  std::shared_ptr<Server> stale_;
  CallId last_call_ = 0;
};

}  // namespace selvage::sim
