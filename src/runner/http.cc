// SPDX-License-Identifier: Apache-2.0
// One server per worker: a POST for each message, the answer's status decides.
//
//             start            GET ready: 2xx                 no answer
//   down ───────────▶ starting ───────────────▶ ready ◀──────────────────▶ starting
//    ▲                   │ not in time            │ abandon, finish, hung
//    └──── back-off ─────┴────── its end ─────────┘
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/backoff.h"
#include "base/check.h"
#include "base/log.h"
#include "http/address.h"
#include "http/client.h"
#include "runner/feeder.h"
#include "runner/program.h"
#include "workflow/print.h"

namespace selvage::runner {
namespace {

constexpr const char* kLoopback = "127.0.0.1";
constexpr Duration kProbePause = std::chrono::milliseconds(20);
// Servers close a connection that was idle for some seconds, just when the next request may come.
constexpr Duration kReuse = std::chrono::seconds(1);
// From the end of its connections to the end of a process.
constexpr Duration kEndNotice = std::chrono::milliseconds(250);
constexpr Duration kMostDelay = std::chrono::minutes(15);
// Beyond it nothing of an answer is kept; kMaxOutputBytes is what may be sent on.
constexpr size_t kMostBody = 4 * kMaxOutputBytes;
constexpr size_t kShownBody = 200;

constexpr int kOk = 200;
constexpr int kNoContent = 204;
constexpr int kTooManyRequests = 429;
constexpr int kUnavailable = 503;

// Free until somebody else takes it: then the program says so and is started again with another.
Result<uint16_t> free_port() {
  const auto listener = http::open_listeners(kLoopback, 0, 1);
  if (!listener) return std::unexpected(listener.error());
  return http::local_port(listener->front().get());
}

std::string describe(const http::Response& answer) {
  std::string text = fmt::format("it answered {} {}", answer.status, http::reason(answer.status));
  if (answer.body.empty()) return text;
  std::string shown = answer.body.substr(0, kShownBody);
  std::ranges::replace(shown, '\n', ' ');
  return text + ": " + shown;
}

// Nothing when it is a date, or no number at all.
std::optional<Duration> retry_after(const http::Response& answer) {
  const std::string_view text = answer.header("retry-after");
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool is_right = end == text.data() + text.size() && !text.empty() && text[0] != '-';
  if (error == std::errc::result_out_of_range && is_right) return kMostDelay;
  if (error != std::errc() || !is_right) return std::nullopt;
  return std::min<Duration>(std::chrono::seconds(std::min<int64_t>(seconds, 86'400)), kMostDelay);
}

Verdict judge(http::Response answer) {
  Verdict verdict;
  switch (answer.status) {
    case kOk:
      if (answer.body.size() > kMaxOutputBytes) {
        verdict.cause =
            fmt::format("its answer is larger than a message may be ({} bytes)", kMaxOutputBytes);
        return verdict;
      }
      verdict.kind = Verdict::Kind::kDone;
      verdict.output = std::move(answer.body);
      return verdict;
    case kNoContent:
      verdict.kind = Verdict::Kind::kDropped;
      return verdict;
    case kTooManyRequests:
    case kUnavailable:
      verdict.kind = Verdict::Kind::kTryLater;
      verdict.delay = retry_after(answer);
      break;
    default:
      break;
  }
  verdict.cause = describe(answer);
  return verdict;
}

class HttpServer final : public Feeder {
 public:
  HttpServer(const FeederSetting& setting, Events events)
      : setting_(setting),
        events_(std::move(events)),
        environment_(stage_environment(setting)),
        program_(setting.reactor, setting.stage.grace) {
    restart_timer_ = setting_.reactor.after(Duration{0}, [this] { start(); });
  }
  ~HttpServer() override {
    for (const process::TimerId timer : {restart_timer_, probe_timer_, notice_timer_})
      setting_.reactor.cancel(timer);
  }

  bool ready() const override { return state_ == State::kReady && !program_.has_ended(); }
  void feed(const client::Message& message, const Places& places) override;
  void finish(std::function<void()> done) override;
  void abandon() override;
  pid_t program() const override { return program_.pid(); }

 private:
  enum class State { kDown, kStarting, kReady, kEnding };

  void start();
  Result<void> start_program();
  void restart_later();
  void await_ready();
  void probe();
  void probed(const Result<http::Response>& answer);
  void answered(Result<http::Response> answer);
  void connection_broke(std::string how);
  void mistrust();
  void program_ended();
  void be_down();
  Verdict verdict_of_end();
  void end_attempt(Verdict verdict);

  FeederSetting setting_;
  Events events_;
  std::vector<std::string> environment_;
  Program program_;
  std::unique_ptr<http::ClientConnection> connection_;  // to the program that runs
  State state_ = State::kDown;
  Backoff backoff_;
  process::TimerId restart_timer_ = 0;
  process::TimerId probe_timer_ = 0;
  process::TimerId notice_timer_ = 0;  // set: its connection broke, its end may follow
  Instant up_since_{};
  Instant used_{};                    // when the connection was last of use
  std::string last_probe_;            // how the latest one went
  bool working_ = false;              // it has a message
  std::optional<std::string> broke_;  // the connection of this message, like this
  Instant started_{};
  std::function<void()> finished_;  // set: it is to end for good
};

// ---- the life of the program

void HttpServer::start() {
  restart_timer_ = 0;
  up_since_ = setting_.clock.now();
  last_probe_ = "nobody was asked";
  if (const auto started = start_program(); !started) {
    log_error("{}", started.error().message);
    restart_later();
    return;
  }
  await_ready();
}

Result<void> HttpServer::start_program() {
  const auto port = free_port();
  if (!port) return std::unexpected(port.error());
  std::vector<std::string> environment = environment_;
  set(environment, "PORT", std::to_string(*port));
  set(environment, "SELVAGE_PORT", std::to_string(*port));
  SELVAGE_TRY(program_.start(
      {.argv = setting_.stage.run,
       .environment = std::move(environment),
       .directory = setting_.plan.directory},
      {.output = {}, .errors = setting_.said, .ended = [this] { program_ended(); }}));
  program_.close_input();
  connection_ = http::ClientConnection::create(setting_.reactor, {kLoopback, *port}, {}, kMostBody);
  return {};
}

void HttpServer::restart_later() {
  const Duration wait = backoff_.after(setting_.clock.now() - up_since_);
  if (wait > Duration{0})
    log_warn("the program ended soon after its start; starting it again in {} ms",
             wait / std::chrono::milliseconds(1));
  restart_timer_ = setting_.reactor.after(wait, [this] { start(); });
}

void HttpServer::await_ready() {
  state_ = State::kStarting;
  program_.set_deadline(setting_.stage.http.start);
  probe();
}

void HttpServer::probe() {
  probe_timer_ = 0;
  connection_->request(
      {.method = "GET", .target = setting_.stage.http.ready, .headers = {}, .body = {}},
      [this](const Result<http::Response>& answer) { probed(answer); });
}

void HttpServer::probed(const Result<http::Response>& answer) {
  if (state_ != State::kStarting) return;
  last_probe_ = answer ? describe(*answer) : answer.error().message;
  if (!answer || answer->status / 100 != 2) {
    probe_timer_ = setting_.reactor.after(kProbePause, [this] { probe(); });
    return;
  }
  if (program_.was_hung()) return;  // too late, it is being ended
  program_.clear_deadline();
  used_ = setting_.clock.now();
  state_ = State::kReady;
  events_.ready_changed();
}

void HttpServer::finish(std::function<void()> done) {
  setting_.reactor.cancel(std::exchange(restart_timer_, 0));
  if (!program_.is_running()) return done();
  finished_ = std::move(done);
  state_ = State::kEnding;
  program_.terminate();
}

void HttpServer::abandon() {
  state_ = State::kEnding;
  program_.kill();
}

void HttpServer::program_ended() {
  // Its answer may be in the connection yet, the end of which is certain by now.
  if (working_ && !broke_) return;
  if (!working_) return be_down();
  Verdict verdict = verdict_of_end();
  be_down();
  end_attempt(std::move(verdict));
}

void HttpServer::be_down() {
  setting_.reactor.cancel(std::exchange(probe_timer_, 0));
  setting_.reactor.cancel(std::exchange(notice_timer_, 0));
  connection_.reset();
  if (finished_) return finished_();
  if (state_ == State::kStarting && program_.was_hung())
    log_warn(
        "the program was not ready within {}: GET {}: {}; what it is asked is http.ready, how "
        "long it has is http.start",
        workflow::print_duration(setting_.stage.http.start), setting_.stage.http.ready,
        last_probe_);
  state_ = State::kDown;
  restart_later();
  events_.ready_changed();
}

// ---- a message

http::Request request_of(const client::Message& message, const Places& places, Instant deadline) {
  const bool is_json = message.body.starts_with('{') || message.body.starts_with('[');
  http::Request request{
      .method = "POST",
      .target = {},
      .headers = {{"Content-Type", is_json ? "application/json" : "text/plain; charset=utf-8"},
                  {"Selvage-Message-Id", message.id},
                  {"Selvage-Attempt", std::to_string(message.failed + 1)},
                  {"Selvage-Deadline-Ms", std::to_string(to_millis(deadline))},
                  {"Selvage-Out", places.out}},
      .body = message.body};
  if (!places.in.empty()) request.headers.emplace_back("Selvage-In", places.in);
  return request;
}

void HttpServer::feed(const client::Message& message, const Places& places) {
  SELVAGE_CHECK(connection_ != nullptr && !working_);
  working_ = true;
  broke_.reset();
  started_ = setting_.clock.now();
  program_.clear_errors();
  if (started_ - used_ > kReuse) connection_->close();
  http::Request request = request_of(message, places, started_ + setting_.stage.deadline);
  request.target = setting_.stage.http.path;
  program_.set_deadline(setting_.stage.deadline);
  connection_->request(std::move(request),
                       [this](Result<http::Response> answer) { answered(std::move(answer)); });
  events_.started();
}

void HttpServer::answered(Result<http::Response> answer) {
  if (!answer) return connection_broke(std::move(answer).error().message);
  Verdict verdict = judge(*std::move(answer));
  verdict.errors = program_.errors();
  used_ = setting_.clock.now();
  if (!program_.is_running()) {
    be_down();
  } else if (state_ == State::kEnding) {
    verdict = {};  // it was abandoned; its end is near
    verdict.cause = "it was abandoned";
  } else if (program_.was_hung()) {
    abandon();  // the answer came in its last grace: it counts, the rest ends
  } else {
    program_.clear_deadline();
  }
  end_attempt(std::move(verdict));
}

// A process that dies closes its connections a moment before its end can be seen.
void HttpServer::connection_broke(std::string how) {
  broke_ = std::move(how);
  if (!program_.is_running()) return program_ended();
  notice_timer_ = setting_.reactor.after(kEndNotice, [this] {
    notice_timer_ = 0;
    mistrust();
  });
}

// It lives and gave no answer: the attempt has failed, and it has to show that it is ready again.
void HttpServer::mistrust() {
  if (state_ != State::kReady || program_.was_hung()) return;  // its end will be the verdict
  Verdict verdict;
  verdict.cause = fmt::format("it gave no answer: {}", *broke_);
  verdict.errors = program_.errors();
  await_ready();
  events_.ready_changed();
  end_attempt(std::move(verdict));
}

Verdict HttpServer::verdict_of_end() {
  Verdict verdict;
  verdict.hung = program_.was_hung();
  verdict.errors = program_.errors();
  describe_end(program_.how(), setting_.stage.deadline, verdict);
  return verdict;
}

void HttpServer::end_attempt(Verdict verdict) {
  working_ = false;
  verdict.started = started_;
  verdict.ended = setting_.clock.now();
  events_.ended(std::move(verdict));
}

}  // namespace

std::unique_ptr<Feeder> make_http(const FeederSetting& setting, Feeder::Events events) {
  return std::make_unique<HttpServer>(setting, std::move(events));
}

}  // namespace selvage::runner
