// SPDX-License-Identifier: Apache-2.0
#pragma once
// One connection of a load: AWS JSON over HTTP/1.1 with as few instructions as can be, because the
// load runs on the cores of the server that it measures. Knows no more of HTTP than our server
// answers.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"
#include "process/fd.h"

namespace selvage::bench {

struct Answer {
  int status = 0;
  std::string_view body;  // until the next call of receive()
};

class Peer {
 public:
  explicit Peer(const http::Endpoint& endpoint);  // failure ends the program
  int socket() const { return socket_.get(); }

  // Sends a request; its answer is to be received before the next one is sent. `action` as
  // "SendMessage".
  void request(std::string_view action, std::string_view json);
  // Once the socket is readable: the answer, if all of it has come.
  std::optional<Answer> receive();
  // Waits for it.
  Answer call(std::string_view action, std::string_view json);

 private:
  std::string authority_;
  process::Fd socket_;
  std::string out_;
  std::vector<char> in_;
  size_t size_ = 0;  // bytes of in_ that were read
};

}  // namespace selvage::bench
