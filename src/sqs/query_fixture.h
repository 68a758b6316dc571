// SPDX-License-Identifier: Apache-2.0
#pragma once
// The verbs of the Query protocol's tests: forms go in, XML comes out to the byte.

#include <fmt/format.h>

#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "sqs/api_fixture.h"

namespace selvage::sqs {

class QueryTest : public ApiTest {
 protected:
  struct Asked {
    std::string method = "POST";
    std::string target = "/";
    std::string body = {};
    std::vector<http::Header> headers = {};
  };
  Answer ask(Asked asked) {
    asked.headers.emplace_back("Host", "queues:9324");
    const std::string type = std::exchange(expected_type_, answer_type_);
    const Answer answer =
        send({asked.method, asked.target, std::move(asked.headers), std::move(asked.body)});
    expected_type_ = type;
    return answer;
  }
  // The answer to a form-encoded POST, with what differs each time named in capitals.
  std::string post(const std::string& form, const std::string& path = "/") {
    return plain(ask({.target = path, .body = form}).body);
  }
  static std::string plain(std::string body) {
    static const std::regex id("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    static const std::regex handle("[0-9a-f]{50}");
    return std::regex_replace(std::regex_replace(body, id, "ID"), handle, "HANDLE");
  }
  static std::string response(const std::string& action, const std::string& inside) {
    return fmt::format(
        R"(<?xml version="1.0"?><{0}Response xmlns="http://queue.amazonaws.com/doc/2012-11-05/">)"
        "{1}<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></{0}Response>",
        action, inside);
  }
  static std::string element(const std::string& xml, const std::string& name) {
    const size_t begin = xml.find("<" + name + ">") + name.size() + 2;
    return xml.substr(begin, xml.find("</" + name + ">") - begin);
  }
  std::string take_one() {
    return element(ask({.body = "Action=ReceiveMessage&QueueUrl=q"}).body, "ReceiptHandle");
  }
  std::string answer_type_ = "text/xml";
};

}  // namespace selvage::sqs
