// SPDX-License-Identifier: Apache-2.0
// One process per worker: a JSON line in for each message, a JSON line out for each verdict.
#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/backoff.h"
#include "base/log.h"
#include "runner/feeder.h"
#include "runner/program.h"
#include "wire/json.h"

namespace selvage::runner {
namespace {

constexpr Duration kFinishTime = std::chrono::seconds(1);  // from the end of its input to SIGTERM
// A body of 1 MiB can be six times as long in JSON escapes.
constexpr size_t kMaxLineBytes = 8 << 20;

class Persistent final : public Feeder {
 public:
  Persistent(const FeederSetting& setting, Events events)
      : setting_(setting),
        events_(std::move(events)),
        environment_(stage_environment(setting)),
        program_(setting.reactor, setting.stage.grace) {
    restart_timer_ = setting_.reactor.after(Duration{0}, [this] { start(); });
  }
  ~Persistent() override { setting_.reactor.cancel(restart_timer_); }

  bool ready() const override { return !ending_ && !program_.has_ended(); }
  void feed(const client::Message& message, const Places& places) override;
  void finish(std::function<void()> done) override;
  pid_t program() const override { return program_.pid(); }
  void abandon() override;

 private:
  void start();
  void restart_later();
  void take_output(std::string_view bytes);
  void take_line(std::string_view line);
  void deliver_answer();
  void program_ended();

  FeederSetting setting_;
  Events events_;
  std::vector<std::string> environment_;
  Program program_;
  Backoff backoff_;
  process::TimerId restart_timer_ = 0;
  Instant up_since_{};
  std::string line_;                   // what has come of the next line
  bool ending_ = false;                // it is being killed: it gets no more messages
  bool working_ = false;               // it has a message
  std::optional<Verdict> answer_;      // to the message it has, not yet told
  std::optional<std::string> broken_;  // it broke the contract like this
  size_t fed_ = 0;                     // bytes of that message's line
  Instant started_{};
  std::function<void()> finished_;  // set: it is to end for good
};

void Persistent::start() {
  restart_timer_ = 0;
  line_.clear();
  ending_ = false;
  answer_.reset();
  broken_.reset();
  up_since_ = setting_.clock.now();
  const auto started = program_.start({.argv = setting_.stage.run,
                                       .environment = environment_,
                                       .directory = setting_.plan.directory},
                                      {.output = [this](auto bytes) { take_output(bytes); },
                                       .errors = setting_.said,
                                       .ended = [this] { program_ended(); }});
  if (!started) {
    log_error("{}", started.error().message);
    restart_later();
  }
  events_.ready_changed();
}

void Persistent::restart_later() {
  const Duration wait = backoff_.after(setting_.clock.now() - up_since_);
  if (wait > Duration{0})
    log_warn("the program ended soon after its start; starting it again in {} ms",
             wait / std::chrono::milliseconds(1));
  restart_timer_ = setting_.reactor.after(wait, [this] { start(); });
}

void Persistent::feed(const client::Message& message, const Places& places) {
  working_ = true;
  started_ = setting_.clock.now();
  program_.clear_errors();
  std::string line;
  wire::JsonWriter out(line);
  out.begin_object()
      .field("id", message.id)
      .field("attempt", message.failed + 1)
      .field("body", message.body)
      .field("deadline_ms", to_millis(started_ + setting_.stage.deadline));
  if (!places.in.empty()) out.field("in", places.in);
  out.field("out", places.out).end_object();
  line += '\n';
  fed_ = line.size();
  program_.set_deadline(setting_.stage.deadline);
  program_.write(line);
  events_.started();
}

// The end of its input is the word; SIGTERM follows, and SIGKILL after the grace.
void Persistent::finish(std::function<void()> done) {
  setting_.reactor.cancel(std::exchange(restart_timer_, 0));
  if (!program_.is_running()) return done();
  finished_ = std::move(done);
  ending_ = true;
  program_.close_input();
  program_.set_deadline(kFinishTime);
}

void Persistent::abandon() {
  ending_ = true;
  program_.kill();
}

void Persistent::take_output(std::string_view bytes) {
  while (!bytes.empty() && !ending_) {
    const size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() > kMaxLineBytes) {
      broken_ = fmt::format("it wrote a line of more than {} bytes", kMaxLineBytes);
      return abandon();
    }
    if (end == std::string_view::npos) break;
    bytes.remove_prefix(end + 1);
    take_line(std::exchange(line_, {}));
  }
  if (answer_) deliver_answer();
}

// The keys of an answer, each of which decides it (docs/reference/workflow-file.md).
void Persistent::take_line(std::string_view line) {
  if (line.empty()) return;
  Verdict verdict;
  bool is_progress = false;
  double progress = 0;
  int decided = 0;
  const auto decide = [&](Verdict::Kind kind) {
    verdict.kind = kind;
    ++decided;
  };
  const auto parsed = wire::read_json(line, [&](wire::JsonValue& root) {
    return root.object([&](std::string_view key, wire::JsonValue& v) {
      if (key == "progress") {
        is_progress = true;
        progress = v.number().value_or(0);
      } else if (key == "body") {
        decide(Verdict::Kind::kDone);
        const auto text = v.string();
        verdict.output = text.value_or("");
        return text.has_value();
      } else if (key == "drop") {
        decide(Verdict::Kind::kDropped);
      } else if (key == "retry") {
        decide(Verdict::Kind::kTryLater);
        verdict.cause = "the program asked to try later";
      } else if (key == "error" || key == "poison") {
        decide(key == "error" ? Verdict::Kind::kFailed : Verdict::Kind::kPoison);
        verdict.cause = v.string().value_or("the program gave no reason");
      }
      return true;
    });
  });
  if (parsed && is_progress && decided == 0) {
    if (working_) program_.set_deadline(setting_.stage.deadline);
    return working_ ? events_.progress(progress) : void();
  }
  if (parsed && decided == 1 && working_ && !answer_) {
    answer_ = std::move(verdict);
    return;
  }
  broken_ = !working_ || answer_
                ? "it wrote an answer that nobody asked for"
                : fmt::format("it wrote a line that is no answer: {}", line.substr(0, 200));
  abandon();
}

// Only when all that came with it has been read: a second answer to one message would be taken for
// the next message's.
void Persistent::deliver_answer() {
  Verdict verdict = *std::exchange(answer_, std::nullopt);
  if (!ending_ && !line_.empty()) {
    broken_ = "it wrote more than its answer";
    abandon();
  }
  if (ending_) return;  // its end will be the verdict
  if (program_.was_hung())
    abandon();  // the answer came in its last grace: it counts, the rest ends
  working_ = false;
  program_.clear_deadline();
  if (verdict.kind == Verdict::Kind::kDone && verdict.output.size() > kMaxOutputBytes) {
    verdict.kind = Verdict::Kind::kFailed;
    verdict.cause =
        fmt::format("its output is larger than a message may be ({} bytes)", kMaxOutputBytes);
  }
  verdict.errors = program_.errors();
  verdict.started = started_;
  verdict.ended = setting_.clock.now();
  events_.ended(std::move(verdict));
}

void Persistent::program_ended() {
  if (finished_) return finished_();
  ending_ = false;
  restart_later();
  events_.ready_changed();
  if (broken_) log_warn("the program broke its contract: {}", *broken_);
  if (!std::exchange(working_, false)) return;
  Verdict verdict;
  verdict.kind = Verdict::Kind::kFailed;
  verdict.hung = program_.was_hung();
  verdict.errors = program_.errors();
  verdict.started = started_;
  verdict.ended = setting_.clock.now();
  describe_end(program_.how(), setting_.stage.deadline, verdict);
  if (broken_) verdict.cause = *broken_;
  // It was ending already when it got the message, and has not looked at it.
  if (!broken_ && !verdict.hung && program_.unread() >= fed_)
    verdict.kind = Verdict::Kind::kNotStarted;
  events_.ended(std::move(verdict));
}

}  // namespace

std::unique_ptr<Feeder> make_persistent(const FeederSetting& setting, Feeder::Events events) {
  return std::make_unique<Persistent>(setting, std::move(events));
}

}  // namespace selvage::runner
