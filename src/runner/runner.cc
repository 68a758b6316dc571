// SPDX-License-Identifier: Apache-2.0
// The session, the way in and the end; the way out is in runner_results.cc.
#include "runner/runner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "process/tree.h"
#include "worker/run_directory.h"

namespace selvage::runner {
namespace {

constexpr Duration kFirstJoinWait = std::chrono::milliseconds(10);
constexpr Duration kMaxJoinWait = std::chrono::milliseconds(500);
constexpr Duration kPollPause = std::chrono::seconds(1);  // after a poll that was refused
constexpr Duration kPollWait = std::chrono::seconds(20);
constexpr Duration kLeaseMargin = std::chrono::seconds(30);
constexpr Duration kMaxLease = std::chrono::hours(12);
constexpr Duration kExtendPause = std::chrono::seconds(1);
constexpr Duration kSettleLimit = std::chrono::seconds(3);  // for results, after the last program
constexpr Duration kSupervisorCheck = std::chrono::seconds(1);

// Long enough for everything in hand to meet its own deadline; dead workers are noticed by their
// session, not by this.
Duration lease_time(const workflow::Stage& stage, size_t batch) {
  const auto messages = static_cast<int64_t>(batch > 1 ? 2 * batch : 1);
  return std::min<Duration>((stage.deadline + stage.grace) * messages + kLeaseMargin, kMaxLease);
}

size_t batch_of(const workflow::Stage& stage) {
  return stage.mode == workflow::Mode::kPersistent ? static_cast<size_t>(stage.batch) : 1;
}

}  // namespace

Result<std::unique_ptr<Runner>> Runner::open(RunnerSettings settings) {
  SELVAGE_CHECK(settings.plan.find(settings.stage) != nullptr);
  const worker::RunDirectory run(settings.data);
  run.make();  // if it cannot be made, the lock cannot either, and says why
  auto lock = process::LockFile::acquire(run.lock(settings.worker));
  if (!lock) return std::unexpected(std::move(lock).error());
  auto artifacts = artifact::Artifacts::open(settings.data + "/artifacts");
  if (!artifacts) return std::unexpected(std::move(artifacts).error());
  auto journal = incident::Journal::open(run.events());
  if (!journal) return std::unexpected(std::move(journal).error());
  auto card = worker::CardFile::open(run.card(settings.worker));
  if (!card) return std::unexpected(std::move(card).error());
  process::become_subreaper();
  return std::unique_ptr<Runner>(new Runner(std::move(settings), *std::move(artifacts),
                                            *std::move(journal),
                                            Signs{*std::move(lock), *std::move(card)}));
}

Runner::Runner(RunnerSettings settings, artifact::Artifacts artifacts, incident::Journal journal,
               Signs signs)
    : settings_(std::move(settings)),
      stage_(*settings_.plan.find(settings_.stage)),
      artifacts_(std::move(artifacts)),
      journal_(std::move(journal)),
      log_(incident::log_path(settings_.data, settings_.worker)),
      signs_(std::move(signs)),
      work_root_(std::filesystem::path(settings_.data) / "work" /
                 fmt::format("{}.{}", settings_.worker, getpid())),
      work_{.in = {}, .out = work_root_ + "/out"},
      control_(reactor_, settings_.broker, {.credentials = settings_.credentials}),
      intake_(reactor_, settings_.broker, {.credentials = settings_.credentials}),
      settler_(control_, {.idle_changed = [this] { step(); },
                          .refused = [this](auto& item, auto& why) { refused(item, why); },
                          .broken = [this] { connection_lost(); },
                          .lost = [this](auto& item) { discard(item); }}) {
  reactor_.on_signal({SIGTERM, SIGINT}, [this](int) { drain(); });
  empty_work();
  Feeder::Events events{.started = [this] { program_started(); },
                        .ended =
                            [this](const Verdict& verdict) {
                              if (is_sdk())
                                program_lost(verdict);
                              else
                                attempt_ended(verdict);
                            },
                        .progress = [this](double) { program_alive(); },
                        .ready_changed = [this] { step(); }};
  const FeederSetting setting{
      stage_,   settings_.plan, settings_.worker,
      reactor_, clock_,         [this](std::string_view bytes) { program_said(bytes); }};
  feeder_ = make_feeder(setting, std::move(events));
  control_.on_lost([this] { connection_lost(); });
}

void Runner::run() {
  if (!settings_.supervisor_lock.empty()) watch_supervisor();
  reactor_.after(Duration{0}, [this] { step(); });
  reactor_.run();
}

Situation Runner::situation() const {
  return {.joined = joined_,
          .joining = joining_,
          .polling = polling_,
          .busy = current_.has_value(),
          .ready = feeder_->ready(),
          .settled = settler_.idle(),
          .draining = draining_,
          .in_hand = in_hand_.size(),
          .batch = batch_of(stage_)};
}

void Runner::step() {
  if (leaving_) return;
  const Steps steps = decide(situation());
  if (steps.leave) return leave();
  if (steps.join) join();
  if (steps.give_back)
    for (const client::Message& message : std::exchange(in_hand_, {}))
      settler_.add(client::Return{message.receipt});
  if (steps.poll) poll();
  if (!steps.start) return show();
  start_next();
  step();
}

// On the card, what the situation is. Nobody here knows when a program that polls by itself is
// idle.
void Runner::show() {
  using worker::State;
  const State state = current_              ? State::kBusy
                      : is_sdk() && joined_ ? State::kBusy
                      : !joined_            ? State::kStarting
                      : feeder_->ready()    ? State::kIdle
                                            : State::kBackingOff;
  const std::string message = current_ ? current_->id : "";
  if (card_.runner == 0 || state != card_.state || message != card_.message)
    card_.since = clock_.now();
  card_.state = state;
  card_.message = message;
  card_.runner = getpid();
  card_.program = feeder_->program();
  signs_.card.show(card_);
}

// ---- the session

void Runner::join() {
  joining_ = true;
  if (lost_) return bury();
  client::Client::OpenSession request{
      .worker = settings_.worker, .resume = session_, .holding = settler_.receipts()};
  if (is_sdk()) {
    request.key_for = stage_.from;
    request.visibility = stage_.deadline;
  }
  if (current_) request.holding.push_back(current_->receipt);
  for (const client::Message& message : in_hand_) request.holding.push_back(message.receipt);
  control_.open_session(request, [this](const auto& opened) { joined(opened); });
}

void Runner::joined(const Result<client::Client::Session>& session) {
  joining_ = false;
  if (lost_ && (session || session.error().code != ErrorCode::kRetry)) return step();
  if (session) {
    session_ = session->id;
    joined_ = true;
    join_wait_ = Duration{0};
    settler_.resume();
    if (is_sdk()) admit_program(*session);
    return step();
  }
  if (session.error().code == ErrorCode::kRetry) return join_later(join_wait_);
  if (session_.empty()) {
    log_warn("cannot open a session: {}", session.error().message);
    return join_later(kPollPause);
  }
  session_ended();
}

// Queues by the address that we use ourselves: it is the one that is reached from here.
void Runner::admit_program(const client::Client::Session& session) {
  const auto url_of = [&](const std::string& queue) {
    return fmt::format("http://{}/{}/{}", settings_.broker.authority(), session.account, queue);
  };
  feeder_->admit({.broker = settings_.broker,
                  .region = session.region,
                  .key = session.key,
                  .queue_url = url_of(stage_.from),
                  .to_url = stage_.to.empty() ? "" : url_of(stage_.to)});
}

// First of all: what the program held is somebody else's from then on.
void Runner::bury() {
  const auto done = [this](const Result<void>& closed) {
    joining_ = false;
    if (!closed && closed.error().code == ErrorCode::kRetry) return join_later(join_wait_);
    lost_.reset();
    step();
  };
  control_.close_session(lost_->session, done, lost_->evidence);
}

void Runner::join_later(Duration wait) {
  joining_ = true;
  join_wait_ = std::clamp(wait * 2, kFirstJoinWait, kMaxJoinWait);
  reactor_.after(wait, [this] {
    joining_ = false;
    step();
  });
}

// The broker has gone, or thinks that we have. The program goes on; the session may be resumed.
void Runner::connection_lost() {
  joined_ = false;
  settler_.pause();
  if (!joining_) join_later(join_wait_);
}

// Our leases were revoked: what we do for them no longer counts, somebody else has it already.
void Runner::session_ended() {
  session_.clear();
  joined_ = false;
  settler_.forget();
  in_hand_.clear();
  if (current_) {
    log_warn("the session ended; the message in the program is somebody else's now");
    abandoned_ = true;
  }
  if (current_ || is_sdk()) feeder_->abandon();
  step();
}

// ---- in

void Runner::poll() {
  polling_ = true;
  intake_.receive({.queue = stage_.from,
                   .session = session_,
                   .max = static_cast<int>(batch_of(stage_)),
                   .wait = kPollWait,
                   .visibility = lease_time(stage_, batch_of(stage_))},
                  [this, session = session_](const Result<std::vector<client::Message>>& got) {
                    if (got && session != session_) {
                      polling_ = false;  // of a session that has ended: not ours any more
                      return step();
                    }
                    polled(got);
                  });
}

void Runner::polled(const Result<std::vector<client::Message>>& messages) {
  if (messages) {
    polling_ = false;
    in_hand_.insert(in_hand_.end(), messages->begin(), messages->end());
    return step();
  }
  const bool refused = messages.error().code != ErrorCode::kRetry;
  const bool ended = refused && messages.error().message.starts_with("SessionEnded");
  if (refused && !ended && !draining_)
    log_warn("cannot receive from {}: {}", stage_.from, messages.error().message);
  reactor_.after(refused && !ended ? kPollPause : kFirstJoinWait, [this] {
    polling_ = false;
    step();
  });
  if (leaving_ || !joined_) return;
  if (ended) return session_ended();
  // Messages may have been leased to us in an answer that was lost: settle what is ours.
  if (!refused) connection_lost();
}

void Runner::start_next() {
  current_ = std::move(in_hand_.front());
  in_hand_.pop_front();
  abandoned_ = give_back_current_ = false;
  work_.in = current_->artifact ? artifacts_.path(current_->artifact) : "";
  show();
  feeder_->feed(*current_, work_);
}

void Runner::program_started() {
  show();
  if (current_->failed == 0 || current_->freed == Instant{}) return;
  const auto kind = current_->failed == 1 ? incident::Kind::kRecovered : incident::Kind::kRetried;
  record(kind, *current_, "", clock_.now() - current_->freed);
}

void Runner::program_said(std::string_view bytes) {
  log_.take(clock_.now(), current_ ? current_->id : "", bytes);
}

// Progress renews the deadline, so the leases have to follow, those of the messages behind it too.
void Runner::program_alive() {
  if (clock_.now() - extended_ < kExtendPause) return;
  extended_ = clock_.now();
  const auto extend = [this](const client::Message& message) {
    control_.extend(stage_.from, message.receipt, lease_time(stage_, batch_of(stage_)),
                    [](const Result<void>&) {});
  };
  extend(*current_);
  for (const client::Message& message : in_hand_) extend(message);
}

// ---- the end

void Runner::drain() {
  if (draining_) return;
  draining_ = true;
  log_info("draining");
  if (current_) reactor_.after(settings_.drain_limit, [this] { drain_limit_reached(); });
  // A broker that is gone for good must not keep us: what we hold is freed by our end.
  reactor_.after(settings_.drain_limit + stage_.grace + kSettleLimit, [this] { reactor_.stop(); });
  step();
}

void Runner::drain_limit_reached() {
  if (!current_) return;
  log_warn("the program did not end in time; its message goes back");
  give_back_current_ = true;
  feeder_->abandon();
}

void Runner::watch_supervisor() {
  const bool alive = process::lock_holder(settings_.supervisor_lock).has_value();
  if (alive) orphan_since_ = {};
  if (!alive && orphan_since_ == Instant{}) orphan_since_ = clock_.now();
  if (!alive && clock_.now() - orphan_since_ >= settings_.orphan_grace && !draining_) {
    log_warn("nobody supervises this worker any more");
    drain();
  }
  reactor_.after(kSupervisorCheck, [this] { watch_supervisor(); });
}

// Says goodbye, so that a message that is just being delivered to us burns no attempt.
void Runner::leave() {
  leaving_ = true;
  feeder_->finish([this] {
    artifact::remove_tree(work_root_);
    if (!joined_) return reactor_.stop();
    control_.close_session(session_, [this](const Result<void>&) { reactor_.stop(); });
  });
}

}  // namespace selvage::runner
