// SPDX-License-Identifier: Apache-2.0
#include "bench/peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "bench/figures.h"
#include "http/address.h"

namespace selvage::bench {
namespace {

// As an AWS SDK sends them. The signature is none: it is read, and checked only by a server that
// has keys.
constexpr std::string_view kHeaders =
    "Content-Type: application/x-amz-json-1.0\r\n"
    "User-Agent: Boto3/1.26.27 Python/3.11.2 Linux/6.1.0 Botocore/1.29.27\r\n"
    "X-Amz-Date: 20261122T120000Z\r\n"
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/sqs/aws4_request, "
    "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
    "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7\r\n"
    "amz-sdk-invocation-id: 0d4bd1f2-5d3c-4a3a-9d0a-3f6f1d0a7c11\r\n"
    "amz-sdk-request: attempt=1\r\n";
constexpr size_t kFirstBuffer = 16 << 10;

void wait_for(int socket, short events) {
  pollfd wanted{.fd = socket, .events = events, .revents = 0};
  poll(&wanted, 1, -1);
}

std::string_view header_of(std::string_view head, std::string_view name) {
  const size_t at = head.find(name);
  if (at == std::string_view::npos) return {};
  const size_t begin = at + name.size();
  return head.substr(begin, head.find('\r', begin) - begin);
}

size_t number_of(std::string_view text) {
  size_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Peer::Peer(const http::Endpoint& endpoint) : authority_(endpoint.authority()), in_(kFirstBuffer) {
  const auto addresses = require(http::resolve(endpoint.host, endpoint.port));
  if (addresses.empty()) give_up("cannot resolve " + endpoint.host);
  const http::Address& address = addresses.front();
  socket_ = process::Fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(socket_.get(), address.get(), address.length) != 0)
    give_up("cannot connect to " + authority_ + ": " + std::strerror(errno));
  const int on = 1;
  setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void Peer::request(std::string_view action, std::string_view json) {
  char length[24];
  const auto digits = std::to_chars(length, length + sizeof length, json.size());
  out_.assign("POST / HTTP/1.1\r\nHost: ").append(authority_);
  out_.append("\r\nX-Amz-Target: AmazonSQS.").append(action).append("\r\n").append(kHeaders);
  out_.append("Content-Length: ").append(length, digits.ptr).append("\r\n\r\n").append(json);
  for (std::string_view left = out_; !left.empty();) {
    const ssize_t sent = send(socket_.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (sent >= 0)
      left.remove_prefix(static_cast<size_t>(sent));
    else if (errno != EINTR)
      give_up(std::string("the server closed a connection: ") + std::strerror(errno));
  }
  size_ = 0;
}

std::optional<Answer> Peer::receive() {
  if (size_ == in_.size()) in_.resize(in_.size() * 4);
  const ssize_t read = recv(socket_.get(), in_.data() + size_, in_.size() - size_, MSG_DONTWAIT);
  if (read < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  if (read <= 0) give_up("the server closed a connection");
  size_ += static_cast<size_t>(read);

  const std::string_view text(in_.data(), size_);
  const size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view head = text.substr(0, end + 2);
  const std::string_view body = text.substr(end + 4);
  if (body.size() < number_of(header_of(head, "Content-Length: "))) return std::nullopt;
  return Answer{static_cast<int>(number_of(header_of(head, "HTTP/1.1 ").substr(0, 3))), body};
}

Answer Peer::call(std::string_view action, std::string_view json) {
  request(action, json);
  while (true) {
    wait_for(socket_.get(), POLLIN);
    if (const auto answer = receive()) return *answer;
  }
}

}  // namespace selvage::bench
