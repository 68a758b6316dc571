// SPDX-License-Identifier: Apache-2.0
// Any requests to the endpoint, in every protocol, over a real engine that audits itself after each
// command. What is checked of the answers is in endpoint.h.
//
// Requests stand one after the other as text.h has them, with a line "====" between them. $Name
// stands for the last value of that member in an answer. Between requests may stand:
//   wait 30     so many seconds pass
//   leave       every client goes away
//   guard       from now on callers must be known to the guard: these are anonymous
//   sign        from now on requests are signed
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "auth/canonical_request.h"
#include "auth/sigv4.h"
#include "auth/verifier.h"
#include "base/clock.h"
#include "tests/fuzz/endpoint.h"
#include "tests/fuzz/text.h"

namespace {

using namespace selvage;

constexpr std::string_view kId = "AKIDEXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr int64_t kLongestWait = 1'728'000;  // seconds, 20 days: longer than messages are kept
constexpr size_t kMostSteps = 64;

// As a key of the credentials file would be: some queues, some actions.
std::shared_ptr<const auth::Verifier> make_verifier() {
  auth::Key key{std::string(kId), std::string(kSecret), "ann", "", {{{"*"}, {"orders*"}}}};
  return std::make_shared<auth::Verifier>(auth::Keyring::make({std::move(key)}).value(),
                                          auth::Verifier::Options{});
}

class Conversation {
 public:
  void step(std::string_view text) {
    if (text.starts_with("wait "))
      wait(text.substr(5));
    else if (text == "leave")
      endpoint_.leave();
    else if (text == "guard" || text == "sign")
      guard(text == "sign");
    else
      ask(text);
  }
  void finish() { endpoint_.finish(); }

 private:
  void wait(std::string_view number) {
    int64_t seconds = 0;
    std::from_chars(number.data(), number.data() + number.size(), seconds);
    if (seconds > 0 && seconds <= kLongestWait) endpoint_.let_pass(std::chrono::seconds(seconds));
  }

  void guard(bool sign) {
    endpoint_.use(make_verifier());
    signs_ = sign;
  }

  void ask(std::string_view text) {
    http::Request request = fuzz::read_request(text);
    const bool is_json = !request.header("x-amz-target").empty();
    fill_in(request.body, is_json);
    fill_in(request.target, false);
    if (signs_) sign(request);
    const http::Response* const answer = endpoint_.ask(request);
    if (answer == nullptr) return;
    for (auto& [name, value] : known_) learn(answer->body, name, value);
  }

  void fill_in(std::string& text, bool is_json) const {
    for (const auto& [name, value] : known_) {
      const std::string key = "$" + std::string(name);
      const std::string written = is_json ? value : auth::percent_encode(value);
      if (const size_t at = text.find(key); at != std::string::npos)
        text.replace(at, key.size(), written);
    }
  }

  static void learn(const std::string& body, std::string_view name, std::string& value) {
    for (const std::string& key : {'"' + std::string(name) + "\":\"", std::string(name) + '>'}) {
      const size_t at = body.find(key);
      if (at == std::string::npos) continue;
      const size_t begin = at + key.size();
      value = body.substr(begin, body.find_first_of("\"<", begin) - begin);
      return;
    }
  }

  static void sign(http::Request& request) {
    std::erase_if(request.headers, [](const http::Header& header) {
      return http::same_name(header.first, "authorization") ||
             http::same_name(header.first, "x-amz-date") || http::same_name(header.first, "host");
    });
    request.headers.emplace_back("Host", "queues");
    const auto added = auth::sign({kId, kSecret, "us-east-1", "sqs"},
                                  {request.method, request.target, request.headers, request.body},
                                  SystemClock().now());
    request.headers.insert(request.headers.end(), added.begin(), added.end());
  }

  fuzz::Endpoint endpoint_;
  bool signs_ = false;
  std::map<std::string_view, std::string> known_ = {{"MessageId", ""},
                                                    {"NextToken", ""},
                                                    {"ReceiptHandle", ""},
                                                    {"SessionId", ""},
                                                    {"TaskHandle", ""}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = fuzz::as_text(data, size);
  if (text.ends_with('\n')) text.remove_suffix(1);
  Conversation conversation;
  for (size_t i = 0; i < kMostSteps && !text.empty(); ++i)
    conversation.step(fuzz::take_until(text, "\n====\n"));
  conversation.finish();
  return 0;
}
