// SPDX-License-Identifier: Apache-2.0
#include "http/client.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "http/address.h"
#include "http/parser.h"
#include "http/writer.h"
#include "process/fd.h"

namespace selvage::http {
namespace {

// Generous, but no peer fills our memory.
constexpr size_t kMostHead = 64 << 10;
constexpr size_t kMostHeaders = 256;
constexpr size_t kReadSize = 64 << 10;

//   kClosed ──request()──▶ kConnecting ──writable──▶ kOpen
//      ▲                        │ no address left      │ end of stream, error, close()
//      └────────────────────────┴──────────────────────┘
// Nothing calls back from within request(): what fails there is told from the reactor.
class ReactorConnection final : public ClientConnection {
 public:
  ReactorConnection(process::Reactor& reactor, Endpoint endpoint, std::optional<Duration> deadline,
                    size_t most_body)
      : reactor_(reactor),
        endpoint_(std::move(endpoint)),
        deadline_(deadline),
        limits_{.head_bytes = kMostHead, .headers = kMostHeaders, .body_bytes = most_body} {}
  ~ReactorConnection() override { disconnect(); }

  void request(Request request, Callback callback) override;
  void on_lost(std::function<void()> callback) override { on_lost_ = std::move(callback); }
  void close() override { end(fmt::format("the connection to {} was closed", name()), false); }

 private:
  enum class State { kClosed, kConnecting, kOpen };
  struct Waiting {
    Request request;
    Callback callback;
  };

  std::string name() const { return endpoint_.authority(); }
  void connect();
  bool try_next_address();
  void fail_soon(std::string sentence);
  void wait_for_answer();
  void on_event(uint32_t events);
  void connecting_event();
  void send_next();
  void expect();
  void write();
  void read();
  void parse();
  void deliver(Response response, bool keep);
  void disconnect();
  void end(const std::string& sentence, bool tell, std::optional<Response> answer = {});
  void lose(const std::string& why) { end(fmt::format("{} {}", name(), why), true); }

  process::Reactor& reactor_;
  const Endpoint endpoint_;
  const std::optional<Duration> deadline_;
  const ParserLimits limits_;
  std::function<void()> on_lost_;
  State state_ = State::kClosed;
  process::Fd fd_;
  std::vector<Address> addresses_;  // still to be tried, the next one last
  int connect_error_ = 0;           // errno of the last one tried
  process::TimerId failure_ = 0;
  process::TimerId patience_ = 0;  // for the first of waiting_
  std::deque<Waiting> waiting_;    // the first is on the wire when on_wire_
  bool on_wire_ = false;
  std::string out_;  // what is left to write of the request on the wire
  std::string in_;   // read and not yet parsed
  std::unique_ptr<ResponseParser> parser_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // expires with us, for rule 5
};

void ReactorConnection::request(Request request, Callback callback) {
  waiting_.push_back({std::move(request), std::move(callback)});
  if (waiting_.size() == 1) wait_for_answer();
  if (state_ == State::kClosed) connect();
  if (state_ == State::kOpen && !on_wire_) send_next();
}

void ReactorConnection::connect() {
  state_ = State::kConnecting;
  auto addresses = resolve(endpoint_.host, endpoint_.port);
  if (!addresses) return fail_soon(addresses.error().message);
  addresses_.assign(addresses->rbegin(), addresses->rend());
  if (!try_next_address()) {
    fail_soon(fmt::format("cannot connect to {}: {}", name(), strerror(connect_error_)));
  }
}

bool ReactorConnection::try_next_address() {
  while (!addresses_.empty()) {
    const Address address = addresses_.back();
    addresses_.pop_back();
    process::Fd fd(
        socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (fd) setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!fd || (::connect(fd.get(), address.get(), address.length) != 0 && errno != EINPROGRESS)) {
      connect_error_ = errno;
      continue;
    }
    fd_ = std::move(fd);
    reactor_.watch(fd_.get(), EPOLLOUT, [this](uint32_t events) { on_event(events); });
    return true;
  }
  return false;
}

void ReactorConnection::fail_soon(std::string sentence) {
  failure_ = reactor_.after(Duration::zero(), [this, sentence = std::move(sentence)] {
    failure_ = 0;
    end(sentence, true);
  });
}

void ReactorConnection::wait_for_answer() {
  reactor_.cancel(std::exchange(patience_, 0));
  if (!deadline_ || waiting_.empty()) return;
  patience_ = reactor_.after(*deadline_, [this] {
    patience_ = 0;
    lose(fmt::format("gave no answer within {} ms",
                     std::chrono::duration_cast<std::chrono::milliseconds>(*deadline_).count()));
  });
}

void ReactorConnection::on_event(uint32_t events) {
  if (state_ == State::kConnecting) return connecting_event();
  if ((events & EPOLLOUT) != 0) write();
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) != 0) read();
}

void ReactorConnection::connecting_event() {
  socklen_t size = sizeof connect_error_;
  getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &connect_error_, &size);
  if (connect_error_ == 0) {
    state_ = State::kOpen;
    parser_ = std::make_unique<ResponseParser>(limits_);
    return send_next();
  }
  reactor_.unwatch(fd_.get());
  fd_.reset();
  if (try_next_address()) return;
  end(fmt::format("cannot connect to {}: {}", name(), strerror(connect_error_)), true);
}

void ReactorConnection::send_next() {
  const Request& request = waiting_.front().request;
  on_wire_ = true;
  append_request(out_, request, name());
  expect();
  write();
}

void ReactorConnection::expect() {
  if (waiting_.front().request.method == "HEAD") parser_->expect_no_body();
}

// An error is left to read(): the peer may have answered before it closed.
void ReactorConnection::write() {
  size_t done = 0;
  while (done < out_.size()) {
    const ssize_t n = ::send(fd_.get(), out_.data() + done, out_.size() - done, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) out_.clear();
    if (n < 0) break;
    done += static_cast<size_t>(n);
  }
  out_.erase(0, done);
  reactor_.change(fd_.get(), out_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
}

void ReactorConnection::read() {
  std::array<char, kReadSize> bytes;
  const ssize_t n = recv(fd_.get(), bytes.data(), bytes.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) return lose(fmt::format("broke the connection: {}", strerror(errno)));
  if (n == 0 && on_wire_ && parser_->finish()) return deliver(parser_->take(), false);
  if (n == 0) return lose("closed the connection");
  in_.append(bytes.data(), static_cast<size_t>(n));
  if (!on_wire_) return lose("sent an answer to no request");
  parse();
}

void ReactorConnection::parse() {
  for (;;) {
    const auto used = parser_->feed(in_);
    if (!used) return lose("sent no valid HTTP: " + used.error().sentence);
    in_.erase(0, *used);
    if (!parser_->done()) return;
    const bool keep = parser_->keep_alive();
    Response response = parser_->take();
    if (response.status / 100 != 1) return deliver(std::move(response), keep);
    expect();  // "100 Continue" and the like come before the answer
  }
}

void ReactorConnection::deliver(Response response, bool keep) {
  if (!keep || !in_.empty() || !out_.empty())
    return end(name() + " closed the connection", true, std::move(response));
  const Callback callback = std::move(waiting_.front().callback);
  waiting_.pop_front();
  on_wire_ = false;
  wait_for_answer();
  const std::weak_ptr<int> alive = alive_;
  callback(std::move(response));
  if (alive.expired()) return;
  if (state_ == State::kOpen && !on_wire_ && !waiting_.empty()) send_next();
}

void ReactorConnection::disconnect() {
  if (fd_) reactor_.unwatch(fd_.get());
  fd_.reset();
  reactor_.cancel(std::exchange(failure_, 0));
  reactor_.cancel(std::exchange(patience_, 0));
  state_ = State::kClosed;
  on_wire_ = false;
  out_.clear();
  in_.clear();
  parser_.reset();
}

// Disconnects first: what the callbacks ask for goes to a new connection. `answer` is for the
// request on the wire.
void ReactorConnection::end(const std::string& sentence, bool tell,
                            std::optional<Response> answer) {
  tell = tell && state_ == State::kOpen;
  disconnect();
  const std::weak_ptr<int> alive = alive_;
  for (const auto& waiting : std::exchange(waiting_, {})) {
    if (answer)
      waiting.callback(*std::exchange(answer, std::nullopt));
    else
      waiting.callback(failure(ErrorCode::kRetry, sentence));
    if (alive.expired()) return;
  }
  if (!tell || !on_lost_) return;
  const auto callback = on_lost_;  // it may destroy us, and so itself
  callback();
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto invalid = [text] {
    return failure(
        ErrorCode::kSettings,
        fmt::format("\"{}\" is not an endpoint; a valid one is http://127.0.0.1:9324", text));
  };
  std::string_view rest = text;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return invalid();
  std::string_view host = rest.substr(0, colon);
  const std::string_view digits = rest.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find_first_of(bracketed ? "/[]" : "/:[]") != std::string_view::npos)
    return invalid();
  Endpoint endpoint{std::string(host), 0};
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (error != std::errc() || end != digits.data() + digits.size()) return invalid();
  return endpoint;
}

std::string Endpoint::authority() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::unique_ptr<ClientConnection> ClientConnection::create(process::Reactor& reactor,
                                                           Endpoint endpoint,
                                                           std::optional<Duration> deadline,
                                                           size_t most_body) {
  return std::make_unique<ReactorConnection>(reactor, std::move(endpoint), deadline, most_body);
}

}  // namespace selvage::http
