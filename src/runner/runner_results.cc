// SPDX-License-Identifier: Apache-2.0
// The way out: from a program's verdict to what the broker is told.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "base/log.h"
#include "runner/runner.h"
#include "wire/json.h"

namespace selvage::runner {
namespace {

namespace fs = std::filesystem;
constexpr Duration kTryLaterDelay = std::chrono::seconds(1);

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "unknown";
}

}  // namespace

void Runner::attempt_ended(const Verdict& verdict) {
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
        fail(verdict);
        break;
      case Verdict::Kind::kTryLater:
      case Verdict::Kind::kNotStarted:
        settler_.add(client::Return{current_->receipt, kTryLaterDelay});
        break;
    }
  }
  current_.reset();
  empty_work();
  step();
}

void Runner::hand_over(const Verdict& verdict) {
  client::HandOver item{.receipt = current_->receipt, .outputs = {}};
  if (!stage_.to.empty() && verdict.kind == Verdict::Kind::kDone) {
    const auto artifact = stage_output();
    Verdict failed = verdict;
    failed.kind = Verdict::Kind::kFailed;
    if (!artifact) {
      failed.cause = artifact.error().message;
      return fail(failed);
    }
    if (verdict.output.empty() && !*artifact) {
      failed.cause = "it ended well, but wrote no output for " + stage_.to;
      return fail(failed);
    }
    item.outputs.push_back({stage_.to, verdict.output.empty() ? "{}" : verdict.output, *artifact});
  }
  settler_.add(std::move(item));
}

void Runner::fail(const Verdict& verdict) {
  const auto kind = verdict.hung ? incident::Kind::kProgramHung : incident::Kind::kProgramDied;
  settler_.add(client::Fail{.receipt = current_->receipt,
                            .ended = verdict.ended,
                            .evidence = evidence(*current_, verdict),
                            .poison = verdict.kind == Verdict::Kind::kPoison});
  record(kind, *current_, verdict.cause);
}

// The broker will never take this hand-over, so the attempt has failed after all.
void Runner::refused(const client::HandOver& item, const std::string& outcome) {
  discard(item);
  Verdict verdict;
  verdict.cause = "the broker refused its output: " + outcome;
  verdict.ended = clock_.now();
  log_warn("{}", verdict.cause);
  settler_.add(client::Fail{
      .receipt = item.receipt, .ended = verdict.ended, .evidence = evidence({}, verdict)});
}

void Runner::discard(const client::HandOver& item) {
  for (const client::Output& output : item.outputs)
    if (output.artifact) artifacts_.discard(output.artifact);
}

std::string Runner::evidence(const client::Message& message, const Verdict& verdict) const {
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object()
      .field("stage", stage_.name)
      .field("worker", settings_.worker)
      .field("host", host_name())
      .field("attempt", message.failed + 1)
      .field("cause", verdict.cause);
  if (verdict.started != Instant{}) out.field("started_us", to_micros(verdict.started));
  out.field("ended_us", to_micros(verdict.ended));
  if (verdict.signal != 0)
    out.field("signal", int64_t{verdict.signal});
  else
    out.field("exit_code", int64_t{verdict.exit_code});
  out.field("cpu_us", verdict.cpu_us)
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
