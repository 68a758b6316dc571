// SPDX-License-Identifier: Apache-2.0
#pragma once
// Host names and ports to socket addresses, and the sockets that listen on them.

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "process/fd.h"

namespace selvage::http {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// All addresses of `host` (a name, or an IPv4 or IPv6 address), the one to prefer first; IPv4
// before IPv6, so that both sides mean the same by "localhost". May block to ask a name server.
// Failure (kSettings) names the host.
Result<std::vector<Address>> resolve(const std::string& host, uint16_t port);

// `count` sockets that listen on one address and share its connections (SO_REUSEPORT); port 0 takes
// any free one. Non-blocking, close-on-exec. Failure: kInUse when another program (or another
// server of this one) listens there, kSettings when the address cannot be ours.
Result<std::vector<process::Fd>> open_listeners(const std::string& host, uint16_t port, int count);

uint16_t local_port(int socket);

// The address as a number, "127.0.0.1" or "::1"; an IPv4 address inside an IPv6 one as IPv4. Empty
// for any other family.
std::string numeric_host(const sockaddr* address);

// Is the peer of a connection on this host? Both are numeric hosts; `local` is our end of it.
bool is_same_host(std::string_view peer, std::string_view local);

}  // namespace selvage::http
