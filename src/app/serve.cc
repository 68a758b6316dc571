// SPDX-License-Identifier: Apache-2.0
#include "app/serve.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>

#include "app/backups.h"
#include "app/credentials.h"
#include "app/failure.h"
#include "app/front.h"
#include "app/heartbeat.h"
#include "app/monitor.h"
#include "app/notify.h"
#include "app/readiness.h"
#include "artifact/artifacts.h"
#include "auth/arn.h"
#include "auth/digest.h"
#include "auth/verifier.h"
#include "base/clock.h"
#include "base/log.h"
#include "broker/broker.h"
#include "http/client.h"
#include "http/server.h"
#include "sqs/api.h"
#include "sqs/guard.h"
#include "sqs/session_keys.h"
#include "store/memory_store.h"
#include "store_rocksdb/disk_room.h"
#include "store_rocksdb/rocksdb_store.h"

namespace selvage::app {
namespace {

// Longer than the slowest sync: nothing else is waited for, as parked receives are answered at
// once.
constexpr Duration kDrainGrace = std::chrono::seconds(5);

// What the protocols see of the broker.
class BrokerBackend final : public sqs::Backend {
 public:
  BrokerBackend(broker::Broker& broker, BackupSource source)
      : broker_(broker), backups_(std::move(source)) {}

  Ticket submit(queue::Command command, Done done) override {
    const Phase phase = phase_.load(std::memory_order_relaxed);
    if (phase == Phase::kClosed) return 0;
    if (phase == Phase::kDraining && !adapt(command)) return 0;
    const Ticket ticket = broker_.submit(std::move(command), std::move(done));
    // It came to the broker behind drain(), perhaps, and waits: the inbox's order tells us so.
    if (phase == Phase::kServing && phase_ != Phase::kServing) broker_.end_waits();
    return ticket;
  }
  void cancel(Ticket ticket) override {
    if (phase_ != Phase::kClosed) broker_.cancel(ticket);
  }
  std::shared_ptr<const queue::Policies> policies() const override { return broker_.policies(); }

  // From now on no receive waits, and what waits is answered; a backup that is under way ends.
  void drain() {
    phase_ = Phase::kDraining;
    backups_.stop();
    broker_.end_waits();
  }
  void close() { phase_ = Phase::kClosed; }  // nothing is decided any more
  void back_up(const std::string& directory, const BackedUp& done) override {
    backups_.start(directory, done);
  }

 private:
  enum class Phase : uint8_t { kServing, kDraining, kClosed };

  // False for the end of a session with its connection: it is us who close the connections, which
  // is no worker's death.
  static bool adapt(queue::Command& command) {
    if (auto* const receive = std::get_if<queue::Receive>(&command)) receive->wait = Duration{0};
    const auto* const end = std::get_if<queue::CloseSession>(&command);
    return end == nullptr || end->orderly;
  }

  broker::Broker& broker_;
  std::atomic<Phase> phase_ = Phase::kServing;
  Backups backups_;
};

Result<std::unique_ptr<store::Store>> open_store(const ServeSettings& settings, bool accept_loss) {
  if (settings.durability == Durability::kMemory) return std::make_unique<store::MemoryStore>();
  return store_rocksdb::open_rocksdb(
      settings.data,
      {.syncs_in_background = settings.durability == Durability::kOs, .accept_loss = accept_loss});
}

// The store that is open already; when that has failed, the same data opened anew.
broker::OpenStore reopening(const ServeSettings& settings, std::unique_ptr<store::Store> first) {
  const auto ready = std::make_shared<std::unique_ptr<store::Store>>(std::move(first));
  return [ready, settings]() -> Result<std::unique_ptr<store::Store>> {
    if (*ready) return std::move(*ready);
    return open_store(settings, false);  // somebody accepted the loss of before, not of now
  };
}

bool is_loopback(const std::string& host) {
  in_addr address{};
  const bool is_ipv4 = inet_pton(AF_INET, host.c_str(), &address) == 1;
  return host == "localhost" || host == "::1" || (is_ipv4 && host.starts_with("127."));
}

Result<http::ServerOptions> server_options(const ServeSettings& settings) {
  const auto address = http::Endpoint::parse(settings.listen);
  if (!address) return std::unexpected(address.error());
  if (!is_loopback(address->host) && settings.credentials.empty())
    return failure(
        ErrorCode::kSettings,
        fmt::format(
            "refusing to listen on {}: whoever reaches it could read and change the queues. "
            "Say who may with --credentials FILE (its format: docs/reference/"
            "credentials.md), or listen on this machine only: --listen 127.0.0.1:{}",
            settings.listen, address->port));
  if (settings.tls_certificate.empty() != settings.tls_key.empty())
    return failure(ErrorCode::kSettings, "--tls-cert and --tls-key belong together: give both");
  if (!is_loopback(address->host) && settings.tls_key.empty())
    log_warn(
        "{} is served without TLS: signatures keep the keys secret, but messages can be read "
        "on the way; see --tls-cert and --tls-key",
        settings.listen);
  http::ServerOptions options;
  options.host = address->host;
  options.port = address->port;
  options.threads = settings.threads;
  options.tls = {settings.tls_certificate, settings.tls_key};
  return options;
}

bool is_web_url(std::string_view url) {
  const size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
  const auto is_plain = [](unsigned char c) {
    return std::isgraph(c) != 0 && c != '?' && c != '#' && c != '"' && c != '<' && c != '>';
  };
  return scheme != 0 && url.size() > scheme && url[scheme] != '/' &&
         std::ranges::all_of(url, is_plain);
}

Result<sqs::Identity> identity_of(const ServeSettings& settings) {
  const auto is_of_region = [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-';
  };
  const std::string& account = settings.account;
  if (!auth::is_account(account))
    return failure(ErrorCode::kSettings,
                   fmt::format("--account {} is no account: it has 12 digits", account));
  if (settings.region.empty() || !std::ranges::all_of(settings.region, is_of_region))
    return failure(ErrorCode::kSettings,
                   fmt::format("--region {} is no region, such as us-east-1", settings.region));
  std::string url = settings.public_url;
  if (!url.empty() && !is_web_url(url))
    return failure(
        ErrorCode::kSettings,
        fmt::format("--public-url {} must begin with http:// or https:// and a host, and "
                    "have neither a query nor spaces",
                    url));
  while (url.ends_with('/')) url.pop_back();
  return sqs::Identity{.region = settings.region, .account = account, .public_url = url};
}

// Null when the settings name no file. With keys, Selvage's own processes get one too.
Result<std::shared_ptr<const auth::Verifier>> verifier_of(const ServeSettings& settings) {
  if (settings.credentials.empty()) return nullptr;
  auto keys = read_credentials(settings.credentials);
  if (!keys) return std::unexpected(std::move(keys).error());
  if (settings.durability != Durability::kMemory) {
    auto own = own_key(settings.data);
    if (!own) return std::unexpected(std::move(own).error());
    keys->push_back(*std::move(own));
  }
  auto keyring = auth::Keyring::make(*std::move(keys));
  if (!keyring)
    return failure(keyring.error().code, settings.credentials + ": " + keyring.error().message);
  return std::make_shared<const auth::Verifier>(*std::move(keyring), auth::Verifier::Options{});
}

// What is damaged stays so: the process ends where the store failed for good.
void end_at_once(const Error& error) {
  const ExitCode code = report(error);
  _exit(static_cast<int>(code));
}

// SIGHUP only where there is something to read anew: else it ends the process as ever.
// Before any other thread exists: one that has them unblocked would take them and end the process.
sigset_t block_signals(const ServeSettings& settings) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (!settings.credentials.empty() || !settings.tls_key.empty()) sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// What one process of a broker is made of.
struct Parts {
  broker::OpenStore open_store;
  const artifact::Artifacts* artifacts;
  store::Room* room;  // null with --memory
  uint64_t reserve_bytes;
  http::ServerOptions options;
  sqs::Identity identity;
  std::shared_ptr<const auth::Verifier> verifier;
  std::string session_secret;
};

// Who looks at the process from outside, and what they are told.
struct Operation {
  explicit Operation(const ServeSettings& settings) : signals(block_signals(settings)) {}

  const sigset_t signals;  // first: blocked before there are threads
  Readiness readiness;
  Monitor monitor{readiness};
  Front front{readiness, monitor};  // on an address of its own, if there is one
  Notifier notifier = Notifier::from_environment();
  std::unique_ptr<http::Server> server;  // of that address
};

ExitCode report_listening(const Error& error) {
  const ExitCode code = report(error);
  return error.code == ErrorCode::kInUse ? ExitCode::kPort : code;
}

// From the first moment on: so that starting, too, can be seen.
Result<void> listen_for_operators(const ServeSettings& settings, Operation& operation) {
  if (settings.metrics_listen.empty()) return {};
  const auto address = http::Endpoint::parse(settings.metrics_listen);
  if (!address) return std::unexpected(address.error());
  http::ServerOptions options;
  options.host = address->host;
  options.port = address->port;
  options.threads = 1;
  auto server = http::Server::listen(options, operation.front);
  if (!server) return std::unexpected(std::move(server).error());
  operation.server = *std::move(server);
  const http::Endpoint actual{options.host, operation.server->port()};
  log_event(LogLevel::kInfo, "metrics and health have an address of their own",
            {{"address", actual.authority()}});
  return {};
}

// Whatever cannot be used is told, and what was in use stays.
void reload(const ServeSettings& settings, sqs::Guard& guard, http::Server& server) {
  if (auto verifier = verifier_of(settings)) {
    guard.use(*std::move(verifier));
    if (!settings.credentials.empty()) log_info("{} was read anew", settings.credentials);
  } else {
    log_error("{}; the keys of before stay", verifier.error().message);
  }
  if (settings.tls_key.empty()) return;
  if (const auto reloaded = server.reload_tls(); !reloaded)
    log_error("{}; the certificate of before stays", reloaded.error().message);
  else
    log_info("{} was read anew", settings.tls_certificate);
}

// Takes the signals of a process, and keeps its heart beating meanwhile.
class Attendant {
 public:
  Attendant(const sigset_t& signals, Heartbeat& heartbeat)
      : signals_(signals), heartbeat_(heartbeat) {}

  // The next signal; 0 when none came within `patience`.
  int wait(std::optional<Duration> patience = std::nullopt) {
    const auto give_up = std::chrono::steady_clock::now() + patience.value_or(Duration{0});
    while (true) {
      std::optional<Duration> left = heartbeat_.period();
      if (left) heartbeat_.beat();
      if (patience) {
        const auto rest = std::chrono::ceil<Duration>(give_up - std::chrono::steady_clock::now());
        if (rest <= Duration{0}) return 0;
        left = std::min(left.value_or(rest), rest);
      }
      if (const int signal = wait_once(left); signal > 0) return signal;
    }
  }

 private:
  int wait_once(std::optional<Duration> longest) {
    if (!longest) return sigwaitinfo(&signals_, nullptr);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*longest);
    const timespec time{.tv_sec = seconds.count(),
                        .tv_nsec = std::chrono::nanoseconds(*longest - seconds).count()};
    return sigtimedwait(&signals_, nullptr, &time);
  }

  const sigset_t& signals_;
  Heartbeat& heartbeat_;
};

void tell_ready(const ServeSettings& settings, const Parts& parts, const http::Server& server,
                Operation& operation) {
  const http::Endpoint address{parts.options.host, server.port()};
  const std::string url =
      fmt::format("{}://{}", parts.options.tls.empty() ? "http" : "https", address.authority());
  operation.readiness.set_started();
  log_event(LogLevel::kInfo, "ready",
            {{"address", url},
             {"version", SELVAGE_VERSION},
             {"durability", durability_name(settings.durability)}});
  fmt::print("listening on {}\n", url);
  std::fflush(stdout);
  operation.notifier.tell(fmt::format("READY=1\nSTATUS=listening on {}", url));
}

ExitCode run(const ServeSettings& settings, Parts parts, Operation& operation) {
  SystemClock clock;
  broker::ShardOptions shard;
  shard.engine.aws_timers = settings.aws_timers;
  broker::BrokerWorld world{
      .open_store = std::move(parts.open_store),
      .artifacts = parts.artifacts,
      .clock = clock,
      .room = parts.room,
      .space = {.reserve_bytes = parts.reserve_bytes},
      .commits = &operation.monitor.commits(),
      .on_health = [&](const broker::Health& health) { operation.readiness.set(health.state); }};
  auto broker = broker::Broker::start(std::move(world), shard, end_at_once);
  if (!broker) return report(broker.error());
  BrokerBackend backend(**broker,
                        {[&] { return (*broker)->store(); }, parts.artifacts, settings.data});
  sqs::SessionKeys session_keys(std::move(parts.session_secret), clock.now());
  sqs::Guard guard(backend, parts.identity, &session_keys);
  guard.use(std::move(parts.verifier));
  sqs::Api api({backend, parts.identity, guard, &operation.monitor.requests()});
  Front front(operation.readiness, operation.monitor, guard, api);
  auto server = http::Server::listen(parts.options, front);
  if (!server) return report_listening(server.error());
  operation.monitor.attach(backend, [&] { return (*broker)->statistics(); });
  tell_ready(settings, parts, **server, operation);

  Heartbeat heartbeat(backend, operation.notifier);
  Attendant attendant(operation.signals, heartbeat);
  while (attendant.wait() == SIGHUP) {
    operation.notifier.tell_reloading();
    reload(settings, guard, **server);
    operation.notifier.tell("READY=1");
  }
  operation.readiness.set_draining();
  operation.notifier.tell("STOPPING=1\nSTATUS=draining");
  log_event(LogLevel::kInfo, "stopping: requests in flight are answered, then it ends", {});
  if (settings.drain_delay > Duration{0}) attendant.wait(settings.drain_delay);
  backend.drain();
  (*server)->drain(kDrainGrace);
  operation.monitor.detach();
  backend.close();
  // What was decided is still answered, to whoever is there: before what answers refer to goes.
  broker->reset();
  server->reset();
  return ExitCode::kOk;
}

// The data directory, and what begins with it.
ExitCode open_and_run(const ServeSettings& settings, const http::ServerOptions& options,
                      const sqs::Identity& identity, Operation& operation) {
  const uint64_t reserve = store_rocksdb::DiskRoom::default_reserve(settings.data);
  store_rocksdb::DiskRoom room(settings.data, reserve);
  auto store = open_store(settings, settings.accept_loss);
  if (!store && store.error().code == ErrorCode::kDiskFull) {
    room.release();  // set aside by the process before us, for this
    store = open_store(settings, settings.accept_loss);
  }
  if (!store) return report(store.error());
  std::optional<artifact::Artifacts> artifacts;
  if (settings.durability != Durability::kMemory) {
    auto opened = artifact::Artifacts::open(settings.data + "/artifacts");
    if (!opened) return report(opened.error());
    artifacts = *std::move(opened);
  }
  auto verifier = verifier_of(settings);
  if (!verifier) return report(verifier.error());
  const bool is_on_disk = settings.durability != Durability::kMemory;
  auto secret = is_on_disk ? session_secret(settings.data) : passing_session_secret();
  if (!secret) return report(secret.error());
  return run(
      settings,
      {reopening(settings, *std::move(store)), artifacts ? &*artifacts : nullptr,
       is_on_disk ? &room : nullptr, reserve, options, identity, *verifier, *std::move(secret)},
      operation);
}

}  // namespace

ExitCode serve(const ServeSettings& settings) {
  auth::md5_hex("");  // a machine without MD5 is told now
  const auto options = server_options(settings);
  if (!options) return report(options.error());
  const auto identity = identity_of(settings);
  if (!identity) return report(identity.error());
  Operation operation(settings);
  if (const auto listening = listen_for_operators(settings, operation); !listening)
    return report_listening(listening.error());
  return open_and_run(settings, *options, *identity, operation);
}

}  // namespace selvage::app
