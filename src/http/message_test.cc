// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include <gtest/gtest.h>

#include "http/writer.h"

namespace selvage::http {
namespace {

TEST(Message, HeadersAreFoundInAnyCase) {
  const Request request{"GET", "/", {{"X-Amz-Target", "a"}, {"x-amz-target", "b"}}, ""};
  EXPECT_EQ(request.header("x-AMZ-target"), "a");
  EXPECT_EQ(request.header("x-amz-targe"), "");
  EXPECT_EQ(request.header("x-amz-target2"), "");
}

TEST(Message, ResponseHeadersIncludeTheContentType) {
  const Response response{200, "text/plain", {{"X-A", "1"}}, ""};
  EXPECT_EQ(response.header("content-type"), "text/plain");
  EXPECT_EQ(response.header("x-a"), "1");
}

TEST(Message, EveryStatusHasAReason) {
  EXPECT_EQ(reason(200), "OK");
  EXPECT_EQ(reason(413), "Content Too Large");
  EXPECT_EQ(reason(299), "Unknown");
}

std::string written(const Response& response, ResponseFraming framing) {
  std::string out;
  append_response(out, response, framing);
  return out;
}

TEST(Writer, ResponseHasTypeHeadersAndLength) {
  EXPECT_EQ(written({201, "text/plain", {{"X-A", "1"}}, "hello"}, {.close = true}),
            "HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nX-A: 1\r\nContent-Length: 5\r\n"
            "Connection: close\r\n\r\nhello");
}

TEST(Writer, HeadHasTheLengthOfTheBodyItLeavesOut) {
  EXPECT_EQ(written({200, "", {}, "hello"}, {.head_only = true}),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
}

TEST(Writer, StatusWithoutBodyHasNoLength) {
  EXPECT_EQ(written({204, "", {}, "ignored"}, {}), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(Writer, ControlCharactersCannotStartAnotherHeader) {
  EXPECT_EQ(written({302, "", {{"Location", "/a\r\nSet-Cookie: b"}}, ""}, {}),
            "HTTP/1.1 302 Found\r\nLocation: /a  Set-Cookie: b\r\nContent-Length: 0\r\n\r\n");
}

TEST(Writer, RequestHasHostAndLength) {
  std::string out;
  append_request(out, {"POST", "/q", {{"X-A", "1"}}, "hi"}, "h:1");
  EXPECT_EQ(out, "POST /q HTTP/1.1\r\nHost: h:1\r\nX-A: 1\r\nContent-Length: 2\r\n\r\nhi");
}

TEST(Writer, RequestMayBringItsOwnHost) {
  std::string out;
  append_request(out, {"GET", "/", {{"host", "other"}, {"content-length", "9"}}, ""}, "h:1");
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nhost: other\r\nContent-Length: 0\r\n\r\n");
}

}  // namespace
}  // namespace selvage::http
