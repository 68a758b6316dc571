// SPDX-License-Identifier: Apache-2.0
// The way out: from a program's verdict to what the broker is told.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "incident/signature.h"
#include "runner/runner.h"
#include "wire/json.h"
#include "wire/utf8.h"

namespace selvage::runner {
namespace {

namespace fs = std::filesystem;
constexpr size_t kMaxCauseBytes = 1024;  // evidence as a whole must stay below its limit
constexpr Duration kTryLaterDelay = std::chrono::seconds(1);

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown";
}

// What the end of the process says needs no words of its own.
std::string signature(const std::string& stage, const Verdict& verdict) {
  const process::Ended end{.exit_code = verdict.exit_code, .signal = verdict.signal};
  return incident::signature_of(
      {.stage = stage,
       .exit_code = verdict.exit_code,
       .signal = verdict.signal,
       .hung = verdict.hung,
       .reason = verdict.cause == end.describe() ? std::string_view() : verdict.cause,
       .errors = verdict.errors});
}

}  // namespace

// On the card: attempts that burn nothing are none.
void Runner::count(const Verdict& verdict) {
  const bool burnt =
      verdict.kind == Verdict::Kind::kFailed || verdict.kind == Verdict::Kind::kPoison;
  const bool ended =
      verdict.kind == Verdict::Kind::kDone || verdict.kind == Verdict::Kind::kDropped;
  if (!burnt && !ended) return;
  const bool died = burnt && (verdict.signal != 0 || verdict.hung);
  ++(ended ? card_.done : died ? card_.died : card_.failed);
  card_.busy += std::max(clock_.now() - card_.since, Duration{0});
  // A program that stays has used what it used for all its messages.
  if (stage_.mode == workflow::Mode::kOneshot) card_.cpu += Duration(verdict.cpu_us);
  card_.memory_kib = std::max(card_.memory_kib, verdict.max_rss_kib);
}

// The broker does not know yet: it is told with the next step, before a new session is opened.
void Runner::program_lost(const Verdict& verdict) {
  record(incident::Kind::kProgramDied, {}, verdict.cause);
  lost_ = Lost{std::exchange(session_, {}), evidence(nullptr, verdict)};
  joined_ = false;
  step();
}

void Runner::attempt_ended(const Verdict& verdict) {
  log_.end_line(clock_.now(), current_->id);
  if (!abandoned_ && !give_back_current_) count(verdict);
  if (abandoned_) {
    // The lease is gone: there is nobody to tell.
  } else if (give_back_current_) {
    settler_.add(client::Return{current_->receipt});
  } else {
    switch (verdict.kind) {
      case Verdict::Kind::kDone:
      case Verdict::Kind::kDropped:
        hand_over(verdict);
        break;
      case Verdict::Kind::kFailed:
      case Verdict::Kind::kPoison:
        fail(*current_, verdict);
        break;
      case Verdict::Kind::kTryLater:
      case Verdict::Kind::kNotStarted:
        settler_.add(client::Return{current_->receipt, verdict.delay.value_or(kTryLaterDelay)});
        break;
    }
  }
  current_.reset();
  empty_work();
  step();
}

void Runner::hand_over(const Verdict& verdict) {
  Handing handing{{.receipt = current_->receipt, .outputs = {}}, *current_, verdict};
  handing.message.body.clear();
  handing.verdict.output.clear();
  handing.verdict.kind = Verdict::Kind::kFailed;  // should it be refused
  if (!stage_.to.empty() && verdict.kind == Verdict::Kind::kDone) {
    const auto output = make_output(verdict.output);
    if (!output && output.error().code != ErrorCode::kGiveUp) {
      // Ours, not the message's fault: a full disk must not end in the dead letters.
      log_error("{}", output.error().message);
      return settler_.add(client::Return{current_->receipt, kTryLaterDelay});
    }
    if (!output) {
      handing.verdict.cause = output.error().message;
      return fail(*current_, handing.verdict);
    }
    handing.item.outputs.push_back(*output);
  }
  settler_.add(std::move(handing));
}

// Failure: why this output cannot be a message.
Result<client::Output> Runner::make_output(const std::string& body) {
  if (!wire::is_utf8(body))
    return failure(ErrorCode::kGiveUp, "its output is not UTF-8 text; put files into SELVAGE_OUT");
  const auto artifact = stage_output();
  if (!artifact) return std::unexpected(artifact.error());
  if (body.empty() && !*artifact)
    return failure(ErrorCode::kGiveUp, "it ended well, but wrote no output for " + stage_.to);
  return client::Output{stage_.to, body.empty() ? "{}" : body, *artifact};
}

void Runner::fail(const client::Message& message, const Verdict& verdict) {
  const auto kind = verdict.hung ? incident::Kind::kProgramHung : incident::Kind::kProgramDied;
  settler_.add(client::Fail{.receipt = message.receipt,
                            .ended = verdict.ended,
                            .evidence = evidence(&message, verdict),
                            .poison = verdict.kind == Verdict::Kind::kPoison,
                            .died = verdict.signal != 0 && !verdict.hung});
  record(kind, message, verdict.cause);
}

// The broker will never take this hand-over, so the attempt has failed after all.
void Runner::refused(const Handing& handing, const std::string& outcome) {
  discard(handing);
  Verdict verdict = handing.verdict;
  verdict.cause = "the broker refused its output: " + outcome;
  log_warn("{}", verdict.cause);
  fail(handing.message, verdict);
}

void Runner::discard(const Handing& handing) {
  for (const client::Output& output : handing.item.outputs)
    if (output.artifact) artifacts_.discard(output.artifact);
}

std::string Runner::evidence(const client::Message* message, const Verdict& verdict) const {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object()
      .field("stage", stage_.name)
      .field("worker", settings_.worker)
      .field("host", host_name());
  if (message != nullptr) out.field("attempt", message->failed + 1);
  out.field("cause", std::string_view(verdict.cause).substr(0, kMaxCauseBytes));
  if (verdict.started != Instant{}) out.field("started_us", to_micros(verdict.started));
  out.field("ended_us", to_micros(verdict.ended));
  if (verdict.signal != 0)
    out.field("signal", int64_t{verdict.signal});
  else
    out.field("exit_code", int64_t{verdict.exit_code});
  out.field("signature", signature(stage_.name, verdict))
      .field("cpu_us", verdict.cpu_us)
      .field("max_rss_kib", verdict.max_rss_kib)
      .field("stderr", verdict.errors)
      .end_object();
  return json;
}

void Runner::record(incident::Kind kind, const client::Message& message, const std::string& cause,
                    Duration recovery) {
  journal_.record({.at = clock_.now(),
                   .kind = kind,
                   .stage = stage_.name,
                   .worker = settings_.worker,
                   .message = message.id,
                   .cause = cause,
                   .recovery = recovery});
}

// The directory that the program filled becomes the artifact of its output; an empty one stays.
Result<ArtifactId> Runner::stage_output() {
  std::error_code error;
  if (fs::is_empty(work_.out, error) || error) return ArtifactId{};
  return artifacts_.stage(work_.out, random_);
}

void Runner::empty_work() {
  std::error_code error;
  if (fs::is_empty(work_.out, error) && !error) return;
  artifact::remove_tree(work_.out);
  fs::create_directories(work_.out, error);
  if (error) log_error("cannot make {}: {}", work_.out, error.message());
}

}  // namespace selvage::runner
