// SPDX-License-Identifier: Apache-2.0
// Beast asserts that the last chunk's head is five bytes long, which a peer that sends the three
// bytes of an empty body in two pieces proves wrong. Its code handles the case; its assertion must
// not stop the broker.
#define BOOST_DISABLE_ASSERTS
#include "http/parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/check.h"

namespace selvage::http {
namespace {

namespace beast = boost::beast;
using ErrorCode = beast::error_code;
using Error = beast::http::error;

// The biggest reservation made on the word of a Content-Length alone.
constexpr size_t kTrustedLength = 1 << 20;
// A body's memory beyond this is given back before the next message.
constexpr size_t kKeptBody = 64 << 10;

Malformed malformed(const ErrorCode& error) {
  if (error == Error::header_limit) return {431, "The head of the message is too large."};
  if (error == Error::body_limit) return {413, "The body of the message is too large."};
  if (error == Error::bad_method) return {400, "The request line does not begin with a method."};
  if (error == Error::bad_target) return {400, "The request target is not valid."};
  if (error == Error::bad_version) return {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
  if (error == Error::bad_status) return {400, "The status line is not valid."};
  if (error == Error::bad_reason) return {400, "The reason phrase is not valid."};
  if (error == Error::bad_field) return {400, "The name of a header is not valid."};
  if (error == Error::bad_value) return {400, "The value of a header is not valid."};
  if (error == Error::bad_line_ending) return {400, "A line does not end in CR LF."};
  if (error == Error::bad_content_length) return {400, "The Content-Length is not valid."};
  if (error == Error::multiple_content_length) return {400, "There are two Content-Lengths."};
  if (error == Error::bad_transfer_encoding) return {400, "The Transfer-Encoding is not valid."};
  if (error == Error::bad_chunk) return {400, "A chunk of the body is not valid."};
  if (error == Error::bad_chunk_extension) return {400, "The extension of a chunk is not valid."};
  return {400, "The message is not valid HTTP."};
}

// Beast reports every fault after the target as a bad version. Is it one, of another HTTP?
bool is_other_version(std::string_view line) {
  size_t at = 0;
  for (int spaces = 0; spaces < 2; spaces++) {
    at = line.find(' ', at) + 1;
    if (at == 0) return false;
  }
  const std::string_view version = line.substr(at, 8);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
         version[6] == '.' && is_digit(version[7]) && version != "HTTP/1.0" &&
         version != "HTTP/1.1";
}

// What a request asks for, and of whom if its target says so (RFC 9112, 3.2).
struct Target {
  std::string path;       // with the query; or "*"
  std::string authority;  // empty unless the target is an absolute URL
};

std::optional<Target> read_target(std::string_view method, std::string_view text) {
  if (text.starts_with('/')) return Target{std::string(text), ""};
  if (text == "*" && method == "OPTIONS") return Target{"*", ""};
  const size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return std::nullopt;
  if (!same_name(text.substr(0, scheme), "http") && !same_name(text.substr(0, scheme), "https"))
    return std::nullopt;
  const std::string_view rest = text.substr(scheme + 3);
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, end);
  if (authority.empty() || authority.contains('@')) return std::nullopt;
  const bool has_path = rest.substr(end).starts_with('/');
  return Target{(has_path ? "" : "/") + std::string(rest.substr(end)), std::string(authority)};
}

// Beast's parser, writing into a Message of ours, whose strings are those of the message before: on
// a connection that sends the same headers again and again nothing is allocated.
template <typename Message>
class Machine final : public beast::http::basic_parser<std::is_same_v<Message, Request>> {
 public:
  Machine(const ParserLimits& limits, Message& message) : limits_(limits), message_(message) {
    this->header_limit(static_cast<uint32_t>(limits.head_bytes));
    this->body_limit(limits.body_bytes);
  }

  std::expected<size_t, Malformed> feed(std::string_view input) {
    size_t used = 0;
    ErrorCode error;
    while (!this->is_done() && used < input.size() && !error) {
      input_ = input.substr(used);
      const bool in_head = !this->is_header_done();
      const size_t step = this->put(boost::asio::buffer(input_.data(), input_.size()), error);
      used += step;
      if (in_head) head_bytes_ += step;
    }
    if (malformed_) return std::unexpected(std::move(*malformed_));
    if (error == Error::bad_version && !is_other_version(input_))
      return std::unexpected(Malformed{400, "The request line is not valid."});
    if (error && error != Error::need_more) return std::unexpected(malformed(error));
    // Beast waits for CR LF CR LF; a peer that ends its lines otherwise waits for us.
    if (!this->is_header_done() && has_bare_line_feed(input, used))
      return std::unexpected(malformed(Error::bad_line_ending));
    // What is left is the beginning of a head: of the message, of a chunk, or of the trailers.
    const size_t left = this->is_done() ? 0 : input.size() - used;
    const size_t head = this->is_header_done() ? std::max(head_bytes_, left) : head_bytes_ + left;
    if (head > limits_.head_bytes) return std::unexpected(malformed(Error::header_limit));
    return used;
  }

  bool take_expectation() { return std::exchange(expects_, false) && !this->is_done(); }
  bool is_http11() const { return version_ == 11; }

 private:
  using string_view = beast::string_view;
  static constexpr bool kIsRequest = std::is_same_v<Message, Request>;
  static std::string_view view(string_view s) { return {s.data(), s.size()}; }

  // Looks at no byte twice: the next feed() begins with what this one leaves.
  bool has_bare_line_feed(std::string_view input, size_t used) {
    size_t at = input.find('\n', std::max(looked_at_, used));
    while (at != std::string_view::npos && at > used && input[at - 1] == '\r')
      at = input.find('\n', at + 1);
    looked_at_ = input.size() - used;
    return at != std::string_view::npos;
  }

  void refuse(int status, std::string sentence, ErrorCode& error) {
    malformed_ = Malformed{status, std::move(sentence)};
    error = Error::bad_field;
  }

  void on_request_impl(beast::http::verb, string_view method, string_view text, int version,
                       ErrorCode& error) override {
    version_ = version;
    if constexpr (std::is_same_v<Message, Request>) {
      auto target = read_target(view(method), view(text));
      if (!target) return refuse(400, "The request target is not valid.", error);
      message_.method = view(method);
      message_.target = std::move(target->path);
      if (target->authority.empty()) return;
      has_authority_ = true;
      add("Host", target->authority);
    }
  }

  void on_response_impl(int code, string_view, int version, ErrorCode&) override {
    if constexpr (std::is_same_v<Message, Response>) message_.status = code;
    version_ = version;
  }

  void on_field_impl(beast::http::field field, string_view name, string_view value,
                     ErrorCode& error) override {
    if (++headers_ > limits_.headers) return refuse(431, "There are too many headers.", error);
    if (is_folded(view(name), view(value)))
      return refuse(400, "A header is folded over several lines.", error);
    using beast::http::field::content_length;
    using beast::http::field::transfer_encoding;
    if (field == content_length && (has_length_ || value.find(',') != string_view::npos))
      return refuse(400, "There are two Content-Lengths.", error);
    if (field == content_length) has_length_ = true;
    const bool is_host = kIsRequest && field == beast::http::field::host;
    if (is_host && std::exchange(has_host_, true))
      return refuse(400, "There are two Hosts.", error);
    if (is_host && has_authority_) return;  // the target's holds
    if (field == transfer_encoding && !same_name(view(value), "chunked"))
      return refuse(501, "The only Transfer-Encoding understood here is \"chunked\".", error);
    if (!this->is_header_done()) keep(field, view(name), view(value));
  }

  void keep(beast::http::field field, std::string_view name, std::string_view value) {
    if (field == beast::http::field::expect) expects_ = same_name(value, "100-continue");
    if constexpr (std::is_same_v<Message, Response>) {
      if (field == beast::http::field::content_type) {
        message_.content_type = value;
        return;
      }
    }
    add(name, value);
  }

  void add(std::string_view name, std::string_view value) {
    if (kept_ == message_.headers.size()) message_.headers.emplace_back();
    auto& [kept_name, kept_value] = message_.headers[kept_++];
    if (kept_name != name) kept_name = name;  // mostly it is what it was
    if (kept_value != value) kept_value = value;
  }

  // Beast joins the lines in a buffer of its own, or skips an empty first one.
  bool is_folded(std::string_view name, std::string_view value) const {
    const char* const end = input_.data() + input_.size();
    if (value.data() < name.data() || value.data() > end) return true;
    const char* const after_name = name.data() + name.size();
    const auto distance = static_cast<size_t>(value.data() - after_name);
    return std::string_view(after_name, distance).find('\n') != std::string_view::npos;
  }

  void on_header_impl(ErrorCode&) override { message_.headers.resize(kept_); }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) override {
    if (length) message_.body.reserve(std::min<size_t>(*length, kTrustedLength));
  }

  size_t on_body_impl(string_view body, ErrorCode&) override {
    message_.body += view(body);
    return body.size();
  }

  void on_chunk_header_impl(std::uint64_t, string_view, ErrorCode&) override {}

  size_t on_chunk_body_impl(std::uint64_t, string_view body, ErrorCode&) override {
    message_.body += view(body);
    return body.size();
  }

  void on_finish_impl(ErrorCode&) override {}

  const ParserLimits& limits_;
  Message& message_;
  std::optional<Malformed> malformed_;
  std::string_view input_;  // what put() is looking at
  size_t head_bytes_ = 0;
  size_t looked_at_ = 0;  // bytes that the last feed() left, without a bare line feed
  size_t headers_ = 0;    // seen
  size_t kept_ = 0;       // of message_.headers: those of this message
  int version_ = 0;
  bool has_length_ = false;
  bool has_host_ = false;
  bool has_authority_ = false;  // the target says the host
  bool expects_ = false;
};

}  // namespace

template <typename Message>
struct Parser<Message>::State {
  explicit State(const ParserLimits& l) : limits(l) { machine.emplace(limits, message); }
  ParserLimits limits;
  Message message;
  std::optional<Machine<Message>> machine;  // reads one message
};

template <typename Message>
Parser<Message>::Parser(const ParserLimits& limits) : state_(std::make_unique<State>(limits)) {}

template <typename Message>
Parser<Message>::~Parser() = default;

template <typename Message>
std::expected<size_t, Malformed> Parser<Message>::feed(std::string_view input) {
  size_t blank = 0;  // RFC 9112, 2.2: empty lines before a message mean nothing
  if (!started()) {
    while (input.substr(blank).starts_with("\r\n")) blank += 2;
    if (input.substr(blank) == "\r") return blank;
  }
  auto used = state_->machine->feed(input.substr(blank));
  if (used) *used += blank;
  return used;
}

template <typename Message>
bool Parser<Message>::finish() {
  if (!started() || done()) return done();
  ErrorCode error;
  state_->machine->put_eof(error);
  return !error && done();
}

template <typename Message>
bool Parser<Message>::started() const {
  return state_->machine->got_some();
}

template <typename Message>
bool Parser<Message>::done() const {
  return state_->machine->is_done();
}

template <typename Message>
bool Parser<Message>::take_expectation() {
  return state_->machine->is_header_done() && state_->machine->is_http11() &&
         state_->machine->take_expectation();
}

template <typename Message>
bool Parser<Message>::keep_alive() const {
  return state_->machine->is_http11() && state_->machine->keep_alive();
}

template <typename Message>
void Parser<Message>::expect_no_body() {
  state_->machine->skip(true);
}

template <typename Message>
const Message& Parser<Message>::message() const {
  SELVAGE_CHECK(done());
  return state_->message;
}

template <typename Message>
void Parser<Message>::next() {
  SELVAGE_CHECK(done());
  Message& last = state_->message;
  last.body.clear();
  if (last.body.capacity() > kKeptBody) last.body.shrink_to_fit();
  state_->machine.emplace(state_->limits, last);
}

template <typename Message>
Message Parser<Message>::take() {
  SELVAGE_CHECK(done());
  Message message = std::exchange(state_->message, {});
  state_->machine.emplace(state_->limits, state_->message);
  return message;
}

template class Parser<Request>;
template class Parser<Response>;

}  // namespace selvage::http
