// SPDX-License-Identifier: Apache-2.0
#include "http/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace selvage::http {
namespace {

using process::Fd;

void set_port(Address& address, uint16_t port) {
  if (address.storage.ss_family == AF_INET6)
    reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
  else
    reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
}

uint16_t port_of(const Address& address) {
  return ntohs(address.storage.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address.storage).sin_port);
}

bool enable(int socket, int option) {
  const int on = 1;
  return setsockopt(socket, SOL_SOCKET, option, &on, sizeof on) == 0;
}

// Failure is an errno.
std::expected<Fd, int> bind_socket(const Address& address, bool shared) {
  Fd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || !enable(fd.get(), SO_REUSEADDR) || (shared && !enable(fd.get(), SO_REUSEPORT)) ||
      bind(fd.get(), address.get(), address.length) != 0)
    return std::unexpected(errno);
  return fd;
}

std::expected<Fd, int> listen_on(const Address& address) {
  auto fd = bind_socket(address, true);
  if (fd && listen(fd->get(), SOMAXCONN) != 0) return std::unexpected(errno);
  return fd;
}

Error why_not(int error, const std::string& host, uint16_t port) {
  if (error == EADDRINUSE) {
    return {ErrorCode::kInUse,
            fmt::format("port {} on {} is in use by another program; choose another with "
                        "--listen HOST:PORT",
                        port, host)};
  }
  return {ErrorCode::kSettings,
          fmt::format("cannot listen on port {} of {}: {}; choose another with --listen HOST:PORT",
                      port, host, strerror(error))};
}

}  // namespace

Result<std::vector<Address>> resolve(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &list); error != 0) {
    return failure(ErrorCode::kSettings,
                   fmt::format("\"{}\" is not an address or a known host name ({})", host,
                               gai_strerror(error)));
  }
  std::vector<Address> addresses;
  for (const addrinfo* a = list; a != nullptr; a = a->ai_next) {
    if (a->ai_family != AF_INET && a->ai_family != AF_INET6) continue;
    Address& address = addresses.emplace_back();
    std::memcpy(&address.storage, a->ai_addr, a->ai_addrlen);
    address.length = a->ai_addrlen;
    set_port(address, port);
  }
  freeaddrinfo(list);
  std::ranges::stable_partition(addresses,
                                [](const Address& a) { return a.storage.ss_family == AF_INET; });
  return addresses;
}

Result<std::vector<Fd>> open_listeners(const std::string& host, uint16_t port, int count) {
  const auto addresses = resolve(host, port);
  if (!addresses) return std::unexpected(addresses.error());
  if (addresses->empty()) return std::unexpected(why_not(EADDRNOTAVAIL, host, port));
  Address address = addresses->front();
  if (port != 0) {
    // SO_REUSEPORT would let a second server of the same user share the port in silence. A socket
    // without it cannot be bound beside one that listens.
    const auto probe = bind_socket(address, false);
    if (!probe) return std::unexpected(why_not(probe.error(), host, port));
  }
  std::vector<Fd> listeners;
  while (static_cast<int>(listeners.size()) < count) {
    auto fd = listen_on(address);
    if (!fd) return std::unexpected(why_not(fd.error(), host, port_of(address)));
    set_port(address, local_port(fd->get()));
    listeners.push_back(std::move(*fd));
  }
  return listeners;
}

uint16_t local_port(int socket) {
  Address address;
  address.length = sizeof address.storage;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address.storage), &address.length) != 0)
    return 0;
  return port_of(address);
}

std::string numeric_host(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text.data(),
              text.size());
  if (address->sa_family == AF_INET6) {
    const in6_addr& ip = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&ip))
      inet_ntop(AF_INET, &ip.s6_addr[12], text.data(), text.size());
    else
      inet_ntop(AF_INET6, &ip, text.data(), text.size());
  }
  return text.data();
}

bool is_same_host(std::string_view peer, std::string_view local) {
  return peer.starts_with("127.") || peer == "::1" || (!peer.empty() && peer == local);
}

}  // namespace selvage::http
