// SPDX-License-Identifier: Apache-2.0
#include "broker/broker.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace selvage::broker {

using queue::Refusal;

namespace {

// Commands gather while a sync is under way, until there are so many or it takes so long.
constexpr size_t kMuch = 32;
constexpr Duration kPatience = std::chrono::milliseconds(1);
constexpr Duration kLongest = std::chrono::hours(1);  // of one wait for an event far away
// Between two attempts to open a store that has failed.
constexpr Duration kFirstWait = std::chrono::milliseconds(100);
constexpr Duration kLongestWait = std::chrono::seconds(5);

// Disks get space, cables are put back, file systems are mounted for writing again, another process
// leaves. What is damaged or not ours stays so.
bool may_pass(const Error& error) {
  switch (error.code) {
    case ErrorCode::kRetry:
    case ErrorCode::kSettings:
    case ErrorCode::kInUse:
    case ErrorCode::kDiskFull:
      return true;
    case ErrorCode::kGiveUp:
    case ErrorCode::kVersion:
    case ErrorCode::kCorruption:
      return false;
  }
  return false;
}

// What a session's end does must come true also when it is told while the store is down.
bool outlasts_failure(const queue::Command& command) {
  return std::holds_alternative<queue::CloseSession>(command);
}

}  // namespace

// ---- everybody's

Result<std::unique_ptr<Broker>> Broker::start(BrokerWorld world, const ShardOptions& options,
                                              OnFailure on_failure) {
  std::unique_ptr<Broker> broker(new Broker(std::move(world), options, std::move(on_failure)));
  SELVAGE_TRY(broker->open());
  broker->first_look();
  broker->shard_thread_ = std::thread([raw = broker.get()] { raw->decide(); });
  broker->sync_thread_ = std::thread([raw = broker.get()] { raw->make_durable(); });
  pthread_setname_np(broker->shard_thread_.native_handle(), "shard");
  pthread_setname_np(broker->sync_thread_.native_handle(), "sync");
  return broker;
}

Broker::~Broker() {
  if (!shard_thread_.joinable()) return;  // never started
  {
    const std::scoped_lock lock(inbox_mutex_);
    stopping_ = true;
  }
  inbox_filled_.notify_one();
  shard_thread_.join();
  {
    const std::scoped_lock lock(applied_mutex_);
    last_turn_ = true;
  }
  applied_changed_.notify_all();
  sync_thread_.join();
}

Ticket Broker::submit(queue::Command command, Done done) {
  Ticket ticket = 0;
  bool wake = false;
  {
    std::unique_lock lock(inbox_mutex_);
    ticket = ++last_ticket_;
    if (down_ && !outlasts_failure(command)) {
      lock.unlock();
      done(Refusal::kUnavailable);
      return ticket;
    }
    inbox_.push_back({ticket, std::move(command), std::move(done)});
    wake = is_time_to_decide();
  }
  if (wake) inbox_filled_.notify_one();
  return ticket;
}

void Broker::end_waits() {
  cancel(kAllWaits);
}

void Broker::cancel(Ticket ticket) {
  {
    const std::scoped_lock lock(inbox_mutex_);
    if (down_) return;  // it was refused
    inbox_.push_back({ticket, std::nullopt, {}});
  }
  inbox_filled_.notify_one();
}

Health Broker::health() const {
  const std::scoped_lock lock(store_mutex_);
  return health_;
}

std::shared_ptr<store::Store> Broker::store() const {
  const std::scoped_lock lock(store_mutex_);
  return store_;
}

store::Statistics Broker::statistics() const {
  const std::scoped_lock lock(store_mutex_);
  return store_ ? store_->statistics() : store::Statistics{};
}

// ---- the shard thread

void Broker::decide() {
  while (true) {
    const auto worked = work();
    if (worked) return;
    if (!may_pass(worked.error())) return give_up(worked.error());
    go_down(worked.error());
    if (!come_back()) return;
  }
}

Result<void> Broker::open() {
  auto store = world_.open_store();
  if (!store) return std::unexpected(std::move(store).error());
  ShardOptions options = options_;
  options.connected = sessions_.connected();
  auto shard = Shard::open(options, {**store, world_.artifacts, random_}, world_.clock.now());
  if (!shard) return std::unexpected(std::move(shard).error());
  {
    const std::scoped_lock lock(store_mutex_);
    store_ = *std::move(store);
  }
  shard_ = *std::move(shard);
  policies_ = shard_->take_policies();
  return {};
}

Result<void> Broker::work() {
  while (true) {
    const auto has_work = wait_for_commands();
    if (!has_work) return std::unexpected(has_work.error());
    if (!*has_work) return {};
    watch_space();
    SELVAGE_TRY(turn());
  }
}

bool Broker::is_time_to_decide() const {
  if (sync_failure_) return true;
  if (gathering_ && !stopping_) return inbox_.size() >= kMuch;
  return stopping_ || !inbox_.empty();
}

Result<bool> Broker::wait_for_commands() {
  turn_.clear();  // what callers left in it dies here, outside the lock
  const Instant next = std::min(shard_->next_event(), guard_.next_look());
  std::unique_lock lock(inbox_mutex_);
  while (!is_time_to_decide()) {
    const Duration until_next = next - world_.clock.now();
    if (until_next <= Duration{0}) break;
    const bool gathers = gathering_;
    const Duration limit = std::min(until_next, gathers ? kPatience : kLongest);
    const bool in_time = inbox_filled_.wait_for(lock, limit) == std::cv_status::no_timeout;
    if (!in_time && gathers && !inbox_.empty()) break;
  }
  if (sync_failure_) return std::unexpected(*std::exchange(sync_failure_, std::nullopt));
  if (stopping_ && inbox_.empty()) return false;
  std::swap(turn_, inbox_);
  return true;
}

Result<void> Broker::turn() {
  Applied applied;
  Result<void> submitted;
  for (Submitted& next : turn_) {
    if (submitted)
      submitted = submit_to_shard(std::move(next), applied);
    else if (next.command)
      refuse(std::move(next));
  }
  SELVAGE_TRY(submitted);
  SELVAGE_TRY(shard_->tick(world_.clock.now()));
  if (auto changed = shard_->take_policies()) policies_ = std::move(changed);
  auto turn = shard_->commit();
  if (!turn) return std::unexpected(std::move(turn).error());
  applied.turn = *std::move(turn);
  applied.turn.applied = world_.clock.now();
  {
    const std::scoped_lock lock(applied_mutex_);
    applied_.push_back(std::move(applied));
  }
  applied_changed_.notify_all();
  return {};
}

Result<void> Broker::submit_to_shard(Submitted submitted, Applied& applied) {
  if (!submitted.command) {
    if (submitted.ticket == kAllWaits)
      shard_->end_waits(kNever);
    else
      shard_->cancel(submitted.ticket);
    return {};
  }
  queue::Command& command = *submitted.command;
  if (!is_admitted(command)) {
    submitted.done(Refusal::kNoSpace);
    return {};
  }
  guard_.took(bytes_of(command));
  if (const auto* const close = std::get_if<queue::CloseSession>(&command)) {
    sessions_.closing(*close);
    applied.closed.push_back(*close);
  }
  return shard_->submit(submitted.ticket, std::move(command), std::move(submitted.done),
                        world_.clock.now());
}

// The store has failed just before its turn.
void Broker::refuse(Submitted submitted) {
  if (const auto* const close = std::get_if<queue::CloseSession>(&*submitted.command))
    sessions_.closing(*close);
  submitted.done(Refusal::kUnavailable);
}

bool Broker::is_admitted(const queue::Command& command) const {
  if (guard_.level() == Space::kAmple) return true;
  const auto* const create = std::get_if<queue::CreateQueue>(&command);
  const bool creates = create != nullptr && shard_->engine().config_of(create->name) == nullptr;
  return broker::is_admitted(command, guard_.level(), creates);
}

// Now that the store is open.
void Broker::first_look() {
  guard_.look(world_.clock.now());
  if (const std::string reason = guard_.reason(); !reason.empty()) log_warn("{}", reason);
  set_health({});
}

void Broker::watch_space() {
  const bool changed = guard_.look_if_due(world_.clock.now());
  const std::string reason = guard_.reason();
  if (changed && reason.empty())
    log_info("{} has space again: messages are taken", world_.room->name());
  else if (changed)
    log_warn("{}", reason);
  if (changed || !reason.empty()) set_health({});
}

// `health` while the store is there is what the space allows.
void Broker::set_health(Health health) {
  if (health.state == Health::State::kOk && guard_.level() != Space::kAmple)
    health = {Health::State::kReadOnly, guard_.reason()};
  if (world_.on_health) world_.on_health(health);
  const std::scoped_lock lock(store_mutex_);
  health_ = std::move(health);
}

// ---- the store fails, and comes back

void Broker::go_down(const Error& error) {
  log_error("{}; nobody is answered until the data could be opened anew", error.message);
  set_health({Health::State::kDown, error.message});
  if (error.code == ErrorCode::kDiskFull) guard_.found_full();
  std::vector<Done> waiting = take_waiting();
  close_store();
  for (Done& done : waiting) done(Refusal::kUnavailable);
}

// Everybody, wherever his command is; from then on submit() refuses. The sync thread rests.
std::vector<Done> Broker::take_waiting() {
  std::vector<Done> waiting;
  {
    std::unique_lock lock(applied_mutex_);
    sync_held_ = true;
    applied_changed_.wait(lock, [&] { return !syncing_; });
    for (Applied& applied : std::exchange(applied_, {}))
      for (Answer& answer : applied.turn.answers) waiting.push_back(std::move(answer.done));
  }
  for (Done& done : shard_->abandon()) waiting.push_back(std::move(done));
  const std::scoped_lock lock(inbox_mutex_);
  down_ = true;
  sync_failure_.reset();
  std::erase_if(inbox_, [&](Submitted& submitted) {
    if (submitted.command && outlasts_failure(*submitted.command)) return false;
    if (submitted.command) waiting.push_back(std::move(submitted.done));
    return true;
  });
  return waiting;
}

void Broker::close_store() {
  shard_.reset();
  const std::scoped_lock lock(store_mutex_);
  store_.reset();
}

bool Broker::come_back() {
  Duration wait{0};
  while (wait_unless_stopping(wait)) {
    const auto opened = open();
    if (opened) break;
    close_store();
    if (!may_pass(opened.error())) {
      give_up(opened.error());
      return false;
    }
    if (health().reason != opened.error().message) log_error("{}", opened.error().message);
    set_health({Health::State::kDown, opened.error().message});
    wait = std::clamp(wait * 2, kFirstWait, kLongestWait);
  }
  if (!shard_) return false;
  first_look();
  log_info("the data is open again: everything that was acknowledged is there");
  const std::scoped_lock applied(applied_mutex_);
  sync_held_ = false;
  const std::scoped_lock inbox(inbox_mutex_);
  down_ = false;
  for (const queue::CloseSession& close : sessions_.unfinished())
    inbox_.insert(inbox_.begin(), {++last_ticket_, close, [](const queue::Reply&) {}});
  return true;
}

bool Broker::wait_unless_stopping(Duration wait) {
  std::unique_lock lock(inbox_mutex_);
  return !inbox_filled_.wait_for(lock, wait, [&] { return stopping_; });
}

// ---- the sync thread

void Broker::make_durable() {
  while (true) {
    std::vector<Applied> turns;
    {
      std::unique_lock lock(applied_mutex_);
      const auto may_sync = [&] { return !sync_held_ && !applied_.empty(); };
      applied_changed_.wait(lock, [&] { return last_turn_ || may_sync(); });
      if (!may_sync()) return;
      turns = std::exchange(applied_, {});
      syncing_ = true;
    }
    set_gathering(true);
    const auto synced = sync(turns);
    set_gathering(false);
    const std::scoped_lock lock(applied_mutex_);
    syncing_ = false;
    applied_changed_.notify_all();
    if (synced) continue;
    if (last_turn_) return give_up(synced.error());  // nobody is left to open it anew
    fail_sync(synced.error(), std::move(turns));
  }
}

// Under applied_mutex_. The shard thread refuses those who wait, with everybody else.
void Broker::fail_sync(const Error& error, std::vector<Applied> turns) {
  sync_held_ = true;
  std::ranges::move(applied_, std::back_inserter(turns));
  applied_ = std::move(turns);
  const std::scoped_lock lock(inbox_mutex_);
  sync_failure_ = error;
  inbox_filled_.notify_one();
}

void Broker::give_up(const Error& error) {
  std::call_once(gave_up_, [&] { on_failure_(error); });
}

Result<void> Broker::sync(std::vector<Applied>& turns) {
  const auto kept = [](const Applied& applied) { return applied.turn.kept_artifacts; };
  if (std::ranges::any_of(turns, kept)) SELVAGE_TRY(world_.artifacts->sync());
  const Instant began = world_.clock.now();
  SELVAGE_TRY(store_->sync());
  observe(turns, began);
  set_gathering(false);  // what came meanwhile is decided while we answer
  for (Applied& applied : turns) {
    for (Answer& answer : applied.turn.answers) {
      if (const auto* const opened = std::get_if<queue::Opened>(&answer.reply))
        sessions_.opened(*opened);
      answer.done(std::move(answer.reply));
    }
    for (const queue::CloseSession& close : applied.closed) sessions_.closed(close);
    for (const ArtifactId id : applied.turn.released) world_.artifacts->release(id);
  }
  return {};
}

void Broker::observe(const std::vector<Applied>& turns, Instant began) {
  if (world_.commits == nullptr) return;
  const Instant now = world_.clock.now();
  size_t answers = 0;
  for (const Applied& applied : turns) answers += applied.turn.answers.size();
  if (answers == 0) return;  // a turn of timers
  world_.commits->answers.observe(uint64_t{answers});
  world_.commits->duration.observe(now - turns.front().turn.applied);
  world_.commits->sync.observe(now - began);
}

void Broker::set_gathering(bool gathering) {
  bool wake = false;
  {
    const std::scoped_lock lock(inbox_mutex_);
    gathering_ = gathering;
    wake = is_time_to_decide();
  }
  if (wake) inbox_filled_.notify_one();
}

}  // namespace selvage::broker
