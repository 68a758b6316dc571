// SPDX-License-Identifier: Apache-2.0
#include "http/parser.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace selvage::http {
namespace {

constexpr ParserLimits kSmall{.head_bytes = 200, .headers = 4, .body_bytes = 10};

// Presents `text` as a socket would, `step` more bytes each time. What is left over is in `rest`.
template <typename Message>
std::optional<Malformed> present(Parser<Message>& parser, std::string_view text, size_t step,
                                 std::string* rest = nullptr) {
  std::string buffer;
  for (; !parser.done() && !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    buffer += text.substr(0, step);
    const auto used = parser.feed(buffer);
    if (!used) return used.error();
    buffer.erase(0, *used);
  }
  if (rest != nullptr) *rest = buffer.append(text);
  return std::nullopt;
}

std::string lines(std::string_view head) {
  std::string out;
  for (const char c : head) out += c == '\n' ? std::string("\r\n") : std::string(1, c);
  return out;
}

struct Case {
  const char* name;
  std::string text;
  int status;  // 0: a good request
  const char* body = "";
};

// LF stands for CR LF in the texts, except where lines() is not called.
const Case kCases[] = {
    {"no headers", lines("GET / HTTP/1.1\n\n"), 0},
    {"HTTP/1.0", lines("GET / HTTP/1.0\n\n"), 0},
    {"blank lines first", lines("\n\nGET / HTTP/1.1\n\n"), 0},
    {"a body", lines("POST / HTTP/1.1\nContent-Length: 5\n\nhello"), 0, "hello"},
    {"a full body", lines("POST / HTTP/1.1\nContent-Length: 10\n\n0123456789"), 0, "0123456789"},
    {"an empty value", lines("GET / HTTP/1.1\nA:\n\n"), 0},
    {"chunks", lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n3\nabc\n2;x=y\nde\n0\n\n"), 0,
     "abcde"},
    {"no chunk", lines("POST / HTTP/1.1\nTransfer-Encoding: Chunked\n\n0\n\n"), 0},
    {"trailers", lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\na\n0\nA: b\n\n"), 0, "a"},
    {"four headers", lines("GET / HTTP/1.1\nA: 1\nB: 2\nC: 3\nD: 4\n\n"), 0},

    {"five headers", lines("GET / HTTP/1.1\nA: 1\nB: 2\nC: 3\nD: 4\nE: 5\n\n"), 431},
    {"a long line", lines("GET /" + std::string(200, 'a') + " HTTP/1.1\n\n"), 431},
    {"a long header", lines("GET / HTTP/1.1\nA: " + std::string(200, 'a') + "\n\n"), 431},
    {"a long head",
     lines("GET / HTTP/1.1\nA: " + std::string(100, 'a') + "\nB: " + std::string(100, 'b') +
           "\n\n"),
     431},
    {"a head without end", lines("GET / HTTP/1.1\nA: ") + std::string(400, 'a'), 431},
    {"a large body", lines("POST / HTTP/1.1\nContent-Length: 11\n\n01234567890"), 413},
    {"a huge length", lines("POST / HTTP/1.1\nContent-Length: 99999999999999999999\n\n"), 400},
    {"a large chunk", lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\nb\n0"), 413},
    {"large chunks", lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n6\nabcdef\n5\nabcde\n"),
     413},
    {"a huge chunk", lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\nffffffffffffffffff\n"),
     400},
    {"a long extension",
     lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n1;a=") + std::string(400, 'a'), 431},
    {"a long trailer",
     lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n0\nA: ") + std::string(400, 'a'), 431},
    {"two lengths", lines("POST / HTTP/1.1\nContent-Length: 1\nContent-Length: 2\n\na"), 400},
    {"twice a length", lines("POST / HTTP/1.1\nContent-Length: 1\nContent-Length: 1\n\na"), 400},
    {"a list of lengths", lines("POST / HTTP/1.1\nContent-Length: 1, 1\n\na"), 400},
    {"a signed length", lines("POST / HTTP/1.1\nContent-Length: +1\n\na"), 400},
    {"a negative length", lines("POST / HTTP/1.1\nContent-Length: -1\n\na"), 400},
    {"a hexadecimal length", lines("POST / HTTP/1.1\nContent-Length: 0x1\n\na"), 400},
    {"an empty length", lines("POST / HTTP/1.1\nContent-Length:\n\na"), 400},
    {"length and chunks",
     lines("POST / HTTP/1.1\nContent-Length: 1\nTransfer-Encoding: chunked\n\n0\n\n"), 400},
    {"chunks and length",
     lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\nContent-Length: 1\n\n0\n\n"), 400},
    {"length in a trailer",
     lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n0\nContent-Length: 1\n\n"), 400},
    {"twice chunked",
     lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n0\n\n"),
     400},
    {"gzip", lines("POST / HTTP/1.1\nTransfer-Encoding: gzip\n\na"), 501},
    {"gzip, chunked", lines("POST / HTTP/1.1\nTransfer-Encoding: gzip, chunked\n\n0\n\n"), 501},
    {"a folded header", lines("GET / HTTP/1.1\nA: b\n c\n\n"), 400},
    {"a header folded at once", lines("GET / HTTP/1.1\nA:\n c\n\n"), 400},
    {"a header folded into nothing", lines("GET / HTTP/1.1\nA: b\n \nC: d\n\n"), 400},
    {"a folded first line", lines("GET / HTTP/1.1\n A: b\n\n"), 400},
    {"a folded trailer", lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n0\nA: b\n c\n\n"),
     400},
    {"a space before the colon", lines("GET / HTTP/1.1\nA : b\n\n"), 400},
    {"no name", lines("GET / HTTP/1.1\n: b\n\n"), 400},
    {"no colon", lines("GET / HTTP/1.1\nabc\n\n"), 400},
    {"a zero byte", lines("GET / HTTP/1.1\nA: ") + std::string("b\0c\r\n\r\n", 7), 400},
    {"a line feed alone", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400},
    {"a line feed alone after a header", "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400},
    {"a line feed alone at the end", "GET / HTTP/1.1\r\nA: b\r\n\n", 400},
    {"line feeds alone", "GET / HTTP/1.1\nA: b\n\n", 400},
    {"a carriage return alone", "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", 400},
    {"a line feed alone after a chunk's size",
     lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n") + "1\na\r\n0\r\n\r\n", 400},
    {"a line feed alone after a chunk",
     lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n") + "1\r\na\n0\r\n\r\n", 400},
    {"a control character in a value", lines("GET / HTTP/1.1\nA: b\x01\n\n"), 400},
    {"a deletion in a value", lines("GET / HTTP/1.1\nA: b\x7f\n\n"), 400},
    {"a control character in a name", lines("GET / HTTP/1.1\nA\x02: b\n\n"), 400},
    {"a byte beyond ASCII in a name", lines("GET / HTTP/1.1\n\xc3\xa4: b\n\n"), 400},
    {"a control character in the target", lines("GET /\x01 HTTP/1.1\n\n"), 400},
    {"a tab in the target", lines("GET /\t HTTP/1.1\n\n"), 400},
    {"a zero byte in the target", std::string("GET /\0 HTTP/1.1\r\n\r\n", 19), 400},
    {"a zero byte in the method", std::string("G\0T / HTTP/1.1\r\n\r\n", 18), 400},
    {"a bad method", lines("G@T / HTTP/1.1\n\n"), 400},
    {"an unknown method", lines("BREW / HTTP/1.1\n\n"), 0},
    {"a tab after the method", lines("GET\t/ HTTP/1.1\n\n"), 400},
    {"a target without a slash", lines("GET a HTTP/1.1\n\n"), 400},
    {"an absolute target", lines("GET http://h:1/a HTTP/1.1\nHost: h:1\n\n"), 0},
    {"an absolute target of another kind", lines("GET ftp://h/a HTTP/1.1\n\n"), 400},
    {"an absolute target without a host", lines("GET http:///a HTTP/1.1\n\n"), 400},
    {"an absolute target with a user", lines("GET http://u@h/a HTTP/1.1\n\n"), 400},
    {"an asterisk for options", lines("OPTIONS * HTTP/1.1\n\n"), 0},
    {"an asterisk for anything else", lines("GET * HTTP/1.1\n\n"), 400},
    {"a target for a tunnel", lines("CONNECT h:443 HTTP/1.1\n\n"), 400},
    {"two hosts", lines("GET / HTTP/1.1\nHost: a\nHost: a\n\n"), 400},
    {"two hosts and an absolute target", lines("GET http://h/ HTTP/1.1\nHost: a\nHost: b\n\n"),
     400},
    {"HTTP/1.2", lines("GET / HTTP/1.2\n\n"), 505},
    {"HTTP/1.10", lines("GET / HTTP/1.10\n\n"), 400},
    {"a version in lower case", lines("GET / http/1.1\n\n"), 400},
    {"something after the version", lines("GET / HTTP/1.1 a\n\n"), 400},
    {"a chunk of negative size",
     lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n-1\na\n0\n\n"), 400},
    {"a chunk without size", lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n\na\n0\n\n"),
     400},
    {"a chunk size with a prefix",
     lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n0x1\na\n0\n\n"), 400},
    {"a space in the length", lines("POST / HTTP/1.1\nContent-Length: 1 0\n\n0123456789"), 400},
    {"an unknown encoding first",
     lines("POST / HTTP/1.1\nTransfer-Encoding: x\nContent-Length: 1\n\na"), 501},
    {"no method", lines(" / HTTP/1.1\n\n"), 400},
    {"no target", lines("GET  HTTP/1.1\n\n"), 400},
    {"a space in the target", lines("GET /a b HTTP/1.1\n\n"), 400},
    {"HTTP/0.9", lines("GET /\n\n"), 400},
    {"HTTP/2.0", lines("PRI * HTTP/2.0\n\nSM\n\n"), 505},
    {"a TLS greeting", std::string("\x16\x03\x01\x02\x00\x01\x00", 7), 400},
    {"a bad chunk size", lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\nxyz\n"), 400},
    {"a chunk too long", lines("POST / HTTP/1.1\nTransfer-Encoding: chunked\n\n1\nab\n0\n\n"), 400},
};

class RequestTexts : public testing::TestWithParam<size_t> {};

TEST_P(RequestTexts, AreReadTheSameHoweverTheyArrive) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    RequestParser parser(kSmall);
    const auto malformed = present(parser, c.text, GetParam());
    EXPECT_EQ(malformed ? malformed->status : 0, c.status);
    if (malformed) {
      EXPECT_TRUE(malformed->sentence.ends_with('.')) << malformed->sentence;
    } else if (parser.done()) {
      EXPECT_EQ(parser.take().body, c.body);
    } else {
      ADD_FAILURE() << "incomplete";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Pieces, RequestTexts, testing::Values(1, 2, 3, 7, 100'000));

TEST(RequestParser, ReadsLineHeadersAndBody) {
  RequestParser parser({});
  ASSERT_FALSE(present(
      parser, "POST /a?b=c HTTP/1.1\r\nHost: h\r\nX:  y \r\nContent-Length: 2\r\n\r\nhi", 1000));
  ASSERT_TRUE(parser.done());
  EXPECT_TRUE(parser.keep_alive());
  const Request request = parser.take();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/a?b=c");
  EXPECT_EQ(request.header("host"), "h");
  EXPECT_EQ(request.header("x"), "y");
  EXPECT_EQ(request.body, "hi");
}

// RFC 9112, 3.2.2: a proxy's form, which a server must understand too.
TEST(RequestParser, AbsoluteTargetNamesPathAndHost) {
  const std::pair<const char*, const char*> cases[] = {
      {"http://example.com/a?b", "/a?b"},
      {"HTTPS://example.com", "/"},
      {"http://example.com?b=/c", "/?b=/c"},
  };
  for (const auto& [target, path] : cases) {
    RequestParser parser({});
    ASSERT_FALSE(present(
        parser, "GET " + std::string(target) + " HTTP/1.1\r\nHost: other\r\nA: b\r\n\r\n", 1000));
    const Request request = parser.take();
    EXPECT_EQ(request.target, path);
    EXPECT_EQ(request.header("host"), "example.com");
    EXPECT_EQ(request.header("a"), "b");
    EXPECT_EQ(request.headers.size(), 2u);
  }
}

TEST(RequestParser, LeavesTheNextMessageInTheBuffer) {
  RequestParser parser({});
  std::string rest;
  ASSERT_FALSE(present(parser, "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", 1000, &rest));
  EXPECT_EQ(parser.take().target, "/1");
  EXPECT_FALSE(parser.started());
  ASSERT_FALSE(present(parser, rest, 1000, &rest));
  EXPECT_EQ(parser.take().target, "/2");
  EXPECT_EQ(rest, "");
}

TEST(RequestParser, TrailersAreNoHeaders) {
  RequestParser parser({});
  present(parser, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: b\r\n\r\n", 1000);
  EXPECT_EQ(parser.take().header("x-a"), "");
}

bool kept(std::string_view text) {
  RequestParser parser({});
  present(parser, text, 1000);
  return parser.keep_alive();
}

TEST(RequestParser, OnlyHttp11KeepsTheConnectionUnlessToldToClose) {
  EXPECT_TRUE(kept("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.1\r\nConnection: Close\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_FALSE(kept("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(RequestParser, ExpectationIsToldOnceAndOnlyBeforeTheBody) {
  const std::string_view head =
      "POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n";
  RequestParser parser({});
  present(parser, head.substr(0, 30), 1000);
  EXPECT_FALSE(parser.take_expectation());

  RequestParser waiting({});
  present(waiting, head, 1000);
  EXPECT_TRUE(waiting.take_expectation());
  EXPECT_FALSE(waiting.take_expectation());

  RequestParser complete({});
  present(complete, std::string(head) + "a", 1000);
  EXPECT_FALSE(complete.take_expectation());
}

TEST(ResponseParser, ReadsStatusTypeAndBody) {
  ResponseParser parser({});
  present(parser,
          "HTTP/1.1 404 Gone Fishing\r\nContent-Type: a/b\r\nX: y\r\nContent-Length: 2\r\n\r\nno",
          1);
  ASSERT_TRUE(parser.done());
  EXPECT_TRUE(parser.keep_alive());
  const Response response = parser.take();
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "a/b");
  EXPECT_EQ(response.header("x"), "y");
  EXPECT_EQ(response.headers.size(), 2u);
  EXPECT_EQ(response.body, "no");
}

TEST(ResponseParser, BodyWithoutLengthEndsWithTheStream) {
  ResponseParser parser({});
  present(parser, "HTTP/1.1 200 OK\r\n\r\nall of it", 1);
  EXPECT_FALSE(parser.done());
  ASSERT_TRUE(parser.finish());
  EXPECT_FALSE(parser.keep_alive());
  EXPECT_EQ(parser.take().body, "all of it");
}

TEST(ResponseParser, BodyCutShortIsIncomplete) {
  ResponseParser parser({});
  EXPECT_FALSE(parser.finish());
  present(parser, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", 1);
  EXPECT_FALSE(parser.finish());
}

TEST(ResponseParser, AnswerToHeadHasNoBody) {
  ResponseParser parser({});
  parser.expect_no_body();
  present(parser, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 1);
  EXPECT_TRUE(parser.done());
}

}  // namespace
}  // namespace selvage::http
