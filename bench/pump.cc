// SPDX-License-Identifier: Apache-2.0
#include "bench/pump.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <charconv>
#include <iterator>
#include <optional>

#include "base/check.h"
#include "bench/figures.h"

namespace selvage::bench {
namespace {

constexpr size_t kReadBytes = 256 << 10;

process::Fd connect_to(const http::Endpoint& endpoint) {
  process::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  inet_pton(AF_INET, endpoint.host.c_str(), &address.sin_addr);
  if (!fd || connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    give_up(fmt::format("cannot connect to {}", endpoint.authority()));
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

struct Framed {
  int status = 0;
  size_t body = 0, end = 0;  // places in the text
};

// The first answer of the text, if all of it is there. Knows no more of HTTP than our server says.
std::optional<Framed> frame(std::string_view text) {
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  constexpr size_t kStatusAt = sizeof "HTTP/1.1 " - 1;
  const size_t head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) return {};
  const size_t length_at = text.find(kLength);
  if (length_at >= head) give_up("an answer without Content-Length");
  Framed answer{.body = head + 4};
  size_t length = 0;
  std::from_chars(text.data() + length_at + kLength.size(), text.data() + head, length);
  std::from_chars(text.data() + kStatusAt, text.data() + head, answer.status);
  answer.end = answer.body + length;
  if (answer.end > text.size()) return {};
  return answer;
}

}  // namespace

void Outbox::send(int kind, std::string_view action) {
  fmt::format_to(std::back_inserter(bytes_),
                 "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-amz-json-1.0\r\n"
                 "X-Amz-Target: {}\r\nContent-Length: {}\r\n\r\n",
                 authority_, action, json_.size());
  bytes_ += json_;
  json_.clear();
  sent_.push_back({.kind = kind, .begun_ns = now_ns()});
}

struct Pump::Connection {
  process::Fd socket;
  Outbox out;
  std::string in;
  size_t begin = 0;  // of what was not taken yet
};

Pump::Pump(const http::Endpoint& endpoint, size_t connections)
    : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  for (size_t i = 0; i < connections; ++i) {
    connections_.emplace_back(new Connection{
        .socket = connect_to(endpoint), .out = Outbox(endpoint.authority()), .in = {}});
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connections_[i]->socket.get(), &event);
  }
}

Pump::~Pump() = default;

// Blocks until the kernel has taken all of it: what is under way is small, and the server reads on
// while its answers wait in our socket.
void Pump::flush(Connection& connection) {
  std::string_view rest = connection.out.bytes_;
  while (!rest.empty()) {
    const ssize_t written = ::send(connection.socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (written <= 0) give_up("the server has closed a connection");
    rest.remove_prefix(static_cast<size_t>(written));
  }
  connection.out.bytes_.clear();
}

void Pump::take(size_t index, Work& work) {
  Connection& connection = *connections_[index];
  const size_t before = connection.in.size();
  connection.in.resize(before + kReadBytes);
  const ssize_t got = recv(connection.socket.get(), connection.in.data() + before, kReadBytes, 0);
  if (got <= 0) give_up("the server has closed a connection");
  connection.in.resize(before + static_cast<size_t>(got));
  const std::string_view text = connection.in;
  while (const auto answer = frame(text.substr(connection.begin))) {
    const std::string_view json =
        text.substr(connection.begin + answer->body, answer->end - answer->body);
    if (answer->status != 200) give_up(fmt::format("{} {}", answer->status, json));
    SELVAGE_CHECK(!connection.out.sent_.empty());
    const Outbox::Sent sent = connection.out.sent_.front();
    connection.out.sent_.pop_front();
    --under_way_;
    work.reply(index, {.kind = sent.kind, .begun_ns = sent.begun_ns, .json = json});
    connection.begin += answer->end;
  }
  connection.in.erase(0, connection.begin);
  connection.begin = 0;
}

void Pump::run(Work& work) {
  const auto refill = [&](size_t index) {
    Outbox& out = connections_[index]->out;
    const int before = out.under_way();
    work.refill(index, out);
    under_way_ += out.under_way() - before;
    flush(*connections_[index]);
  };
  for (size_t i = 0; i < connections_.size(); ++i) refill(i);
  std::array<epoll_event, 64> events{};
  while (under_way_ > 0) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const size_t index = events[static_cast<size_t>(i)].data.u64;
      take(index, work);
      refill(index);
    }
  }
}

}  // namespace selvage::bench
