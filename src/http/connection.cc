// SPDX-License-Identifier: Apache-2.0
#include "http/connection.h"

#include <poll.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "http/address.h"
#include "http/writer.h"

namespace selvage::http {
namespace {

// Answers to pipelined requests gather up to here; then the peer must read before we parse on.
constexpr size_t kMaxUnsent = 64 << 10;
// Output buffers that grew beyond this for one large answer are given back.
constexpr size_t kKeptBuffer = 256 << 10;
// A socket closed with unread input is reset, and the reset may overtake our last answer. So the
// sending side is shut down and input is dropped until the peer closes, or for so long.
constexpr Duration kLinger = std::chrono::seconds(2);
// What TLS's first record begins with, and no request.
constexpr char kTlsHandshake = 0x16;

uint64_t next_id() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

void make_empty(std::string& buffer) {
  buffer.clear();
  if (buffer.capacity() > kKeptBuffer) buffer.shrink_to_fit();
}

ParserLimits limits_of(const ServerOptions& options) {
  return {.head_bytes = options.max_head_bytes, .body_bytes = options.max_body_bytes};
}

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<Loop> loop, Socket socket, std::string peer)
    : id_(next_id()),
      peer_(std::move(peer)),
      loop_(std::move(loop)),
      socket_(std::move(socket)),
      parser_(limits_of(loop_->options())),
      // One byte more than a head may have, so that the parser can see that it has too many.
      capacity_(loop_->options().max_head_bytes + 1),
      in_(std::make_unique_for_overwrite<char[]>(capacity_)) {}

void HttpConnection::on_close(std::function<void()> callback) {
  if (!loop_->on_own_thread()) {
    const bool posted =
        loop_->post([self = shared_from_this(), callback] { self->on_close(callback); });
    if (!posted) callback();
    return;
  }
  if (closed_)
    callback();
  else
    watchers_.push_back(std::move(callback));
}

void HttpConnection::watch(uint64_t key, std::function<void()> callback) {
  if (!loop_->on_own_thread()) {
    const bool posted =
        loop_->post([self = shared_from_this(), key, callback] { self->watch(key, callback); });
    if (!posted && callback) callback();
    return;
  }
  if (!callback)
    keyed_watchers_.erase(key);
  else if (closed_)
    callback();
  else
    keyed_watchers_.insert_or_assign(key, std::move(callback));
}

void HttpConnection::on_abandoned(std::function<void()> callback) {
  SELVAGE_CHECK(loop_->on_own_thread() && handling_);
  if (phase_ == Phase::kAnswering) abandoned_ = std::move(callback);
}

void HttpConnection::run(std::shared_ptr<Task> task) {
  if (!loop_->run(task)) task->run();
}

void HttpConnection::send(const Response& response) {
  if (loop_->on_own_thread()) return handling_ ? finish(response) : send_now(response);
  loop_->post([self = shared_from_this(), response] { self->send_now(response); });
}

void HttpConnection::send_now(const Response& response) {
  if (closed_) return;
  if (abandoned_ && peer_has_gone()) return close();
  finish(response);
  advance();
}

// Asks the kernel: that the peer has gone may have come with the request and not been read yet.
bool HttpConnection::peer_has_gone() {
  pollfd socket{socket_.native_handle(), POLLRDHUP, 0};
  return ::poll(&socket, 1, 0) > 0;
}

void HttpConnection::sweep(SteadyTime now) {
  const auto limit = deadline();
  if (!limit) return;
  if (!since_) since_ = now;
  if (now - *since_ <= *limit) return;
  const bool in_handshake = tls_ && tls_->state() != TlsSession::State::kOpen;
  if (phase_ != Phase::kReading || writing_ || in_handshake) return close();
  refuse(408, "The request did not arrive in time.");
  advance();
}

std::optional<Duration> HttpConnection::deadline() const {
  const ServerOptions& options = loop_->options();
  switch (phase_) {
    case Phase::kReading:
      return options.head_deadline;
    case Phase::kAnswering:
      return std::nullopt;
    case Phase::kLingering:
      return kLinger;
    case Phase::kIdle:
      // A peer that does not read its answer is idle whatever it watches.
      if (writing_ || (watchers_.empty() && keyed_watchers_.empty())) return options.idle_deadline;
      return std::nullopt;
  }
  return std::nullopt;
}

void HttpConnection::close() {
  if (std::exchange(closed_, true)) return;
  const auto self = shared_from_this();
  boost::system::error_code ignored;
  socket_.close(ignored);
  loop_->forget(id_);
  update_busy();
  if (const auto abandoned = std::exchange(abandoned_, nullptr)) abandoned();
  for (const auto& callback : std::exchange(watchers_, {})) callback();
  for (const auto& [key, callback] : std::exchange(keyed_watchers_, {})) callback();
}

void HttpConnection::advance() {
  if (closed_) return;
  do {
    do {
      parse();
    } while (unseal());
  } while (write_out());  // then there is room for further answers
  if (tls_ && tls_->state() == TlsSession::State::kGone) return close();
  update_busy();
  if (last_ && !busy_) linger();
  read_on();
}

// Decides by the first byte what the connection is.
void HttpConnection::begin(char first) {
  begun_ = true;
  if (loop_->tls() == nullptr) return;
  if (first == kTlsHandshake) {
    tls_ = loop_->tls()->accept();
    return set_phase(Phase::kReading);
  }
  if (!loop_->options().plain_from_this_host || !is_from_this_host())
    refuse(400, "This address speaks HTTPS: begin the URL with https://.");
}

bool HttpConnection::is_from_this_host() const {
  boost::system::error_code error;
  const Tcp::endpoint local = socket_.local_endpoint(error);
  return is_same_host(peer_, error ? "" : numeric_host(local.data()));
}

// Moves plain bytes out of tls_ into in_. True when there were some.
bool HttpConnection::unseal() {
  if (!tls_ || reading_) return false;
  compact();
  const auto before = tls_->state();
  const size_t size = tls_->read(in_.get() + end_, capacity_ - end_);
  end_ += size;
  if (tls_->state() != before && before == TlsSession::State::kHandshake) {
    last_ = tls_->state() == TlsSession::State::kRefused;
    set_phase(Phase::kIdle);
  }
  return size != 0;
}

void HttpConnection::compact() {
  if (begin_ == 0) return;
  std::memmove(in_.get(), in_.get() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
}

void HttpConnection::parse() {
  while (begin_ != end_ && !last_ && phase_ != Phase::kAnswering && out_.size() < kMaxUnsent) {
    const auto used = parser_.feed({in_.get() + begin_, end_ - begin_});
    if (!used) return refuse(used.error().status, used.error().sentence);
    begin_ += *used;
    if (!parser_.started()) return;
    set_phase(Phase::kReading);
    if (parser_.take_expectation()) append_continue(out_);
    if (!parser_.done()) return;
    dispatch();
  }
}

void HttpConnection::dispatch() {
  last_ = !parser_.keep_alive();
  const Request& request = parser_.message();
  head_only_ = request.method == "HEAD";
  set_phase(Phase::kAnswering);
  handling_ = true;
  loop_->handler().handle(request, shared_from_this(), Responder(shared_from_this()));
  handling_ = false;
  parser_.next();
}

void HttpConnection::finish(const Response& response) {
  SELVAGE_CHECK(phase_ == Phase::kAnswering);
  abandoned_ = nullptr;
  last_ = last_ || loop_->draining();
  append_response(out_, response, {.close = last_, .head_only = head_only_});
  set_phase(Phase::kIdle);
}

void HttpConnection::refuse(int status, std::string_view sentence) {
  last_ = true;
  append_response(out_, plain_text(status, sentence), {.close = true});
  set_phase(Phase::kIdle);
}

void HttpConnection::read_on() {
  if (reading_) return;
  if (phase_ == Phase::kLingering) begin_ = end_ = 0;
  compact();
  if (end_ == capacity_) return;
  if (tls_ && tls_->unsent() > kMaxUnsent)
    return;  // its answers to the peer's requests for new keys
  reading_ = true;
  socket_.async_read_some(asio::buffer(in_.get() + end_, capacity_ - end_),
                          [self = shared_from_this()](const boost::system::error_code& error,
                                                      size_t size) { self->on_read(error, size); });
}

void HttpConnection::on_read(const boost::system::error_code& error, size_t size) {
  reading_ = false;
  if (closed_) return;
  if (error) return close();
  if (!begun_) begin(in_[0]);
  if (!tls_)
    end_ += size;
  else if (phase_ != Phase::kLingering)
    tls_->receive({in_.get() + end_, size});
  advance();
}

// True when there was something to write and the kernel took all of it at once.
bool HttpConnection::write_out() {
  if (writing_) return false;
  if (tls_)
    seal();
  else
    std::swap(out_, sending_);
  if (sending_.empty()) return false;
  // Nearly always all of it can go at once, for a fraction of what an operation of Asio's costs.
  boost::system::error_code failed;
  const size_t sent = socket_.write_some(asio::buffer(sending_), failed);
  if (!failed && sent == sending_.size()) {
    make_empty(sending_);
    return true;
  }
  writing_ = true;  // also after an error: on_written() is told it
  asio::async_write(socket_, asio::buffer(sending_) + sent,
                    [self = shared_from_this()](const boost::system::error_code& error, size_t) {
                      self->on_written(error);
                    });
  return false;
}

void HttpConnection::on_written(const boost::system::error_code& error) {
  writing_ = false;
  if (closed_) return;
  if (error) return close();
  make_empty(sending_);
  advance();
}

void HttpConnection::seal() {
  tls_->seal(out_, sending_);
  make_empty(out_);
  const bool all_said = last_ && phase_ == Phase::kIdle;
  if (all_said) tls_->end(sending_);
}

void HttpConnection::linger() {
  if (phase_ == Phase::kLingering) return;
  set_phase(Phase::kLingering);
  boost::system::error_code ignored;
  socket_.shutdown(Tcp::socket::shutdown_send, ignored);
}

void HttpConnection::set_phase(Phase phase) {
  if (phase == phase_) return;
  phase_ = phase;
  since_.reset();
}

void HttpConnection::update_busy() {
  const bool busy = !closed_ && (phase_ == Phase::kAnswering || writing_ || !out_.empty());
  if (busy == busy_) return;
  busy_ = busy;
  loop_->add_busy(busy ? 1 : -1);
}

}  // namespace selvage::http
