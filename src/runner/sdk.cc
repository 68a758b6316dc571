// SPDX-License-Identifier: Apache-2.0
// One process per worker, which polls the queue itself with any AWS SDK. Its leases are its
// session's, whose key is all that it is given.
#include <optional>
#include <utility>

#include "base/backoff.h"
#include "base/check.h"
#include "base/log.h"
#include "runner/feeder.h"
#include "runner/program.h"

namespace selvage::runner {
namespace {

// What would make an SDK ask another service, or as somebody else.
constexpr std::string_view kMisleading[] = {
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_CREDENTIAL_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_ACCOUNT_ID",
};

std::string value_of(const std::vector<std::string>& environment, std::string_view name) {
  const std::string begin = std::string(name) + "=";
  for (const std::string& entry : environment)
    if (entry.starts_with(begin)) return entry.substr(begin.size());
  return {};
}

// The broker is on this machine, or as near: whatever proxy there is, is for others.
void go_around_proxies(std::vector<std::string>& environment, const std::string& host) {
  std::string hosts = value_of(environment, "no_proxy");
  if (hosts.empty()) hosts = value_of(environment, "NO_PROXY");
  hosts += (hosts.empty() ? "" : ",") + host;
  set(environment, "no_proxy", hosts);
  set(environment, "NO_PROXY", hosts);
}

class Sdk final : public Feeder {
 public:
  Sdk(const FeederSetting& setting, Events events)
      : setting_(setting),
        events_(std::move(events)),
        environment_(stage_environment(setting)),
        program_(setting.reactor, setting.stage.grace) {
    for (const std::string_view name : kMisleading) unset(environment_, name);
  }
  ~Sdk() override { setting_.reactor.cancel(restart_timer_); }

  bool ready() const override { return false; }
  void feed(const client::Message&, const Places&) override {
    SELVAGE_CHECK(false);  // never ready
  }
  void finish(std::function<void()> done) override;
  void abandon() override;
  pid_t program() const override { return program_.pid(); }
  void admit(const Access& access) override;

 private:
  void start();
  std::vector<std::string> environment() const;
  void program_ended();

  FeederSetting setting_;
  Events events_;
  std::vector<std::string> environment_;
  Program program_;
  std::optional<Access> access_;  // none: no session is open for a program
  std::string used_;              // the id of the key that the program was started with
  Backoff backoff_;
  process::TimerId restart_timer_ = 0;  // set: too early for the next start
  Instant up_since_{};
  std::function<void()> finished_;  // set: it is to end for good
};

void Sdk::admit(const Access& access) {
  access_ = access;
  // The same session, resumed: nothing has changed for its program.
  if (program_.is_running() && used_ != access.key.id) program_.kill();
  if (!program_.is_running() && restart_timer_ == 0) start();
}

void Sdk::start() {
  up_since_ = setting_.clock.now();
  used_ = access_->key.id;
  const auto started =
      program_.start({.argv = setting_.stage.run,
                      .environment = environment(),
                      .directory = setting_.plan.directory},
                     {.output = {}, .errors = setting_.said, .ended = [this] { program_ended(); }});
  if (started) return program_.close_input();
  const Duration wait = std::max<Duration>(backoff_.after(Duration{0}), std::chrono::seconds(1));
  log_error("{}; trying again in {} s", started.error().message, wait / std::chrono::seconds(1));
  restart_timer_ = setting_.reactor.after(wait, [this] {
    restart_timer_ = 0;
    if (access_) start();
  });
}

std::vector<std::string> Sdk::environment() const {
  std::vector<std::string> all = environment_;
  const std::string endpoint = "http://" + access_->broker.authority();
  set(all, "AWS_ENDPOINT_URL", endpoint);
  set(all, "AWS_ENDPOINT_URL_SQS", endpoint);
  set(all, "AWS_REGION", access_->region);
  set(all, "AWS_DEFAULT_REGION", access_->region);
  set(all, "AWS_ACCESS_KEY_ID", access_->key.id);
  set(all, "AWS_SECRET_ACCESS_KEY", access_->key.secret);
  // Nobody answers there; an SDK without sound credentials would wait for it.
  set(all, "AWS_EC2_METADATA_DISABLED", "true");
  go_around_proxies(all, access_->broker.host);
  set(all, "SELVAGE_QUEUE_URL", access_->queue_url);
  if (!access_->to_url.empty()) set(all, "SELVAGE_TO_QUEUE_URL", access_->to_url);
  return all;
}

void Sdk::finish(std::function<void()> done) {
  setting_.reactor.cancel(std::exchange(restart_timer_, 0));
  access_.reset();
  if (!program_.is_running()) return done();
  finished_ = std::move(done);
  program_.terminate();
}

void Sdk::abandon() {
  access_.reset();
  program_.kill();
}

void Sdk::program_ended() {
  if (finished_) return finished_();
  const Duration wait = backoff_.after(setting_.clock.now() - up_since_);
  if (wait > Duration{0})
    log_warn("the program ended soon after its start; starting it again in {} ms",
             wait / std::chrono::milliseconds(1));
  restart_timer_ = setting_.reactor.after(wait, [this] {
    restart_timer_ = 0;
    if (access_) start();
  });
  if (!access_ || access_->key.id != used_) return;  // of a session that has ended already
  access_.reset();
  Verdict verdict;
  verdict.errors = program_.errors();
  verdict.started = up_since_;
  verdict.ended = setting_.clock.now();
  describe_end(program_.how(), setting_.stage.deadline, verdict);
  events_.ended(std::move(verdict));
}

}  // namespace

std::unique_ptr<Feeder> make_sdk(const FeederSetting& setting, Feeder::Events events) {
  return std::make_unique<Sdk>(setting, std::move(events));
}

}  // namespace selvage::runner
