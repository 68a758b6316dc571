// SPDX-License-Identifier: Apache-2.0
#pragma once
// Bytes to messages, fed as they arrive from a buffer of the caller's. The grammar is
// Boost.Beast's; this adds the limits, refuses what two parsers could read differently (request
// smuggling), and says what is wrong in a sentence.

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"

namespace selvage::http {

struct ParserLimits {
  size_t head_bytes = 16 << 10;  // start line and headers; also a chunk's head and the trailers
  size_t headers = 64;
  size_t body_bytes = 8 << 20;
};

// Why a message cannot be read: the answer that a server gives before it closes the connection.
struct Malformed {
  int status;
  std::string sentence;
};

// Reads one message after the other: feed() until done(), message() and next(), feed() the rest.
// 1. After a Malformed the parser is of no use any more.
// 2. Trailers of a chunked body are checked and dropped.
// Message is Request or Response. Not thread-safe.
template <typename Message>
class Parser {
 public:
  explicit Parser(const ParserLimits& limits);
  ~Parser();

  // Consumes what it can from the front of `input` and returns how much. Bytes that it left are to
  // be presented again, in one piece with those that follow them; after done() they belong to the
  // next message.
  std::expected<size_t, Malformed> feed(std::string_view input);
  // The peer will send no more. True when that completes the message (a response without a length).
  bool finish();

  bool started() const;  // at least one byte of the message has been seen
  bool done() const;
  // The peer waits for "100 Continue" before it sends the body. True once per message.
  bool take_expectation();
  // Once done(): may the connection be used again? HTTP/1.0 never asks for that here.
  bool keep_alive() const;
  // The next message has no body whatever its headers say (an answer to HEAD).
  void expect_no_body();
  const Message& message() const;  // once done(), until next()
  void next();                     // once done(): the next message uses the memory of this one
  Message take();                  // both in one, for somebody who keeps the message

 private:
  struct State;
  std::unique_ptr<State> state_;
};

using RequestParser = Parser<Request>;
using ResponseParser = Parser<Response>;

}  // namespace selvage::http
