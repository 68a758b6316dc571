// SPDX-License-Identifier: Apache-2.0
// One process per message: body on standard input, output on standard output, the exit code
// decides.
#include <fmt/format.h>

#include <utility>

#include "base/backoff.h"
#include "base/log.h"
#include "runner/feeder.h"
#include "runner/program.h"

namespace selvage::runner {
namespace {

constexpr int kExitTryLater = 75;  // EX_TEMPFAIL of sysexits.h
constexpr int kExitPoison = 65;    // EX_DATAERR of sysexits.h

class Oneshot final : public Feeder {
 public:
  Oneshot(const FeederSetting& setting, Events events)
      : setting_(setting),
        events_(std::move(events)),
        environment_(stage_environment(setting)),
        program_(setting.reactor, setting.stage.grace) {}
  ~Oneshot() override { setting_.reactor.cancel(pause_); }

  bool ready() const override { return pause_ == 0; }
  void feed(const client::Message& message, const Places& places) override;
  void finish(std::function<void()> done) override { done(); }
  pid_t program() const override { return program_.pid(); }
  void abandon() override { program_.kill(); }

 private:
  process::SpawnRequest request_for(const client::Message& message, const Places& places) const;
  void take_output(std::string_view bytes);
  void program_ended();
  Verdict judge();
  void could_not_start(const Error& error);

  FeederSetting setting_;
  Events events_;
  std::vector<std::string> environment_;
  Program program_;
  Backoff backoff_;
  process::TimerId pause_ = 0;  // until the program is tried again
  std::string output_;
  bool too_large_ = false;
  Instant started_{};
};

process::SpawnRequest Oneshot::request_for(const client::Message& message,
                                           const Places& places) const {
  process::SpawnRequest request{.argv = setting_.stage.run,
                                .environment = environment_,
                                .directory = setting_.plan.directory};
  const auto set = [&](std::string_view name, std::string_view value) {
    request.environment.push_back(fmt::format("{}={}", name, value));
  };
  set("SELVAGE_MESSAGE_ID", message.id);
  set("SELVAGE_ATTEMPT", std::to_string(message.failed + 1));
  set("SELVAGE_DEADLINE_MS", std::to_string(to_millis(started_ + setting_.stage.deadline)));
  set("SELVAGE_OUT", places.out);
  if (!places.in.empty()) set("SELVAGE_IN", places.in);
  return request;
}

void Oneshot::feed(const client::Message& message, const Places& places) {
  output_.clear();
  too_large_ = false;
  started_ = setting_.clock.now();
  const auto started = program_.start(request_for(message, places),
                                      {.output = [this](auto bytes) { take_output(bytes); },
                                       .errors = setting_.said,
                                       .ended = [this] { program_ended(); }});
  if (!started) return could_not_start(started.error());
  backoff_.reset();
  program_.set_deadline(setting_.stage.deadline);
  program_.write(message.body);
  program_.close_input();
  events_.started();
}

// Not the message's fault: it is returned, and this worker waits before it takes another.
void Oneshot::could_not_start(const Error& error) {
  const Duration wait = std::max<Duration>(backoff_.after(Duration{0}), std::chrono::seconds(1));
  log_error("{}; trying again in {} s", error.message, wait / std::chrono::seconds(1));
  pause_ = setting_.reactor.after(wait, [this] {
    pause_ = 0;
    events_.ready_changed();
  });
  Verdict verdict{
      .kind = Verdict::Kind::kNotStarted, .output = {}, .cause = error.message, .errors = {}};
  verdict.started = verdict.ended = setting_.clock.now();
  events_.ended(std::move(verdict));
}

void Oneshot::take_output(std::string_view bytes) {
  if (too_large_) return;
  too_large_ = output_.size() + bytes.size() > kMaxOutputBytes;
  if (too_large_)
    program_.kill();  // it may go on for ever, and nothing of it can be used
  else
    output_ += bytes;
}

void Oneshot::program_ended() {
  events_.ended(judge());
}

Verdict Oneshot::judge() {
  Verdict verdict;
  verdict.started = started_;
  verdict.ended = setting_.clock.now();
  verdict.hung = program_.was_hung();
  verdict.errors = program_.errors();
  describe_end(program_.how(), setting_.stage.deadline, verdict);
  verdict.kind = Verdict::Kind::kFailed;
  if (too_large_) {
    verdict.cause =
        fmt::format("its output is larger than a message may be ({} bytes)", kMaxOutputBytes);
    return verdict;
  }
  if (verdict.hung || verdict.signal != 0) return verdict;
  if (verdict.exit_code == kExitTryLater) verdict.kind = Verdict::Kind::kTryLater;
  if (verdict.exit_code == kExitPoison) verdict.kind = Verdict::Kind::kPoison;
  if (verdict.exit_code != 0) return verdict;
  verdict.kind = Verdict::Kind::kDone;
  verdict.output = std::move(output_);
  return verdict;
}

}  // namespace

std::unique_ptr<Feeder> make_oneshot(const FeederSetting& setting, Feeder::Events events) {
  return std::make_unique<Oneshot>(setting, std::move(events));
}

}  // namespace selvage::runner
