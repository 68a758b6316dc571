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
#include <filesystem>
#include <memory>
#include <optional>

#include "app/credentials.h"
#include "app/failure.h"
#include "app/paths.h"
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
#include "store/memory_store.h"
#include "store_rocksdb/rocksdb_store.h"

namespace selvage::app {
namespace {

constexpr Duration kDrainGrace = std::chrono::seconds(1);

// What the protocols see of the broker.
class BrokerBackend final : public sqs::Backend {
 public:
  explicit BrokerBackend(broker::Broker& broker) : broker_(broker) {}

  Ticket submit(queue::Command command, Done done) override {
    if (closed_) return 0;
    return broker_.submit(std::move(command), std::move(done));
  }
  void cancel(Ticket ticket) override {
    if (!closed_) broker_.cancel(ticket);
  }
  std::shared_ptr<const queue::Policies> policies() const override { return broker_.policies(); }
  // From now on nothing is decided: the connections that we close at our end are no worker's death.
  void close() { closed_ = true; }

 private:
  broker::Broker& broker_;
  std::atomic<bool> closed_ = false;
};

Result<std::unique_ptr<store::Store>> open_store(const ServeSettings& settings) {
  if (settings.memory) return std::make_unique<store::MemoryStore>();
  return store_rocksdb::open_rocksdb(settings.data);
}

bool is_loopback(const std::string& host) {
  in_addr address{};
  const bool is_ipv4 = inet_pton(AF_INET, host.c_str(), &address) == 1;
  return host == "localhost" || host == "::1" || (is_ipv4 && host.starts_with("127."));
}

Result<http::ServerOptions> server_options(const ServeSettings& settings) {
  const auto address = http::Endpoint::parse(settings.listen);
  if (!address) return std::unexpected(address.error());
  const EndpointSettings& endpoint = settings.endpoint;
  if (!is_loopback(address->host) && endpoint.credentials.empty())
    return failure(
        ErrorCode::kSettings,
        fmt::format(
            "refusing to listen on {}: whoever reaches it could read and change the queues. "
            "Say who may with --credentials FILE (its format: docs/reference/"
            "credentials.md), or listen on this machine only: --listen 127.0.0.1:{}",
            settings.listen, address->port));
  if (endpoint.tls_certificate.empty() != endpoint.tls_key.empty())
    return failure(ErrorCode::kSettings, "--tls-cert and --tls-key belong together: give both");
  if (!is_loopback(address->host) && endpoint.tls_key.empty())
    log_warn(
        "{} is served without TLS: signatures keep the keys secret, but messages can be read "
        "on the way; see --tls-cert and --tls-key",
        settings.listen);
  http::ServerOptions options;
  options.host = address->host;
  options.port = address->port;
  options.threads = settings.threads;
  options.tls = {endpoint.tls_certificate, endpoint.tls_key};
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

Result<sqs::Identity> identity_of(const EndpointSettings& endpoint) {
  const auto is_of_region = [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-';
  };
  const std::string& account = endpoint.account;
  if (!auth::is_account(account))
    return failure(ErrorCode::kSettings,
                   fmt::format("--account {} is no account: it has 12 digits", account));
  if (endpoint.region.empty() || !std::ranges::all_of(endpoint.region, is_of_region))
    return failure(ErrorCode::kSettings,
                   fmt::format("--region {} is no region, such as us-east-1", endpoint.region));
  std::string url = endpoint.public_url;
  if (!url.empty() && !is_web_url(url))
    return failure(
        ErrorCode::kSettings,
        fmt::format("--public-url {} must begin with http:// or https:// and a host, and "
                    "have neither a query nor spaces",
                    url));
  while (url.ends_with('/')) url.pop_back();
  return sqs::Identity{.region = endpoint.region, .account = account, .public_url = url};
}

// Null when the settings name no file. With keys, Selvage's own processes get one too.
Result<std::shared_ptr<const auth::Verifier>> verifier_of(const ServeSettings& settings) {
  if (settings.endpoint.credentials.empty()) return nullptr;
  auto keys = read_credentials(settings.endpoint.credentials);
  if (!keys) return std::unexpected(std::move(keys).error());
  if (!settings.memory) {
    auto own = own_key(settings.data);
    if (!own) return std::unexpected(std::move(own).error());
    keys->push_back(*std::move(own));
  }
  auto keyring = auth::Keyring::make(*std::move(keys));
  if (!keyring)
    return failure(keyring.error().code,
                   settings.endpoint.credentials + ": " + keyring.error().message);
  return std::make_shared<const auth::Verifier>(*std::move(keyring), auth::Verifier::Options{});
}

// What can never be answered must not be: the process ends where the store failed.
void end_at_once(const Error& error) {
  const ExitCode code = report(error);
  _exit(static_cast<int>(code));
}

// SIGHUP only where there is something to read anew: else it ends the process as ever.
sigset_t block_signals(bool with_reload) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (with_reload) sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// What one process of a broker is made of.
struct Parts {
  store::Store& store;
  const artifact::Artifacts* artifacts;
  http::ServerOptions options;
  sqs::Identity identity;
  std::shared_ptr<const auth::Verifier> verifier;
};

// Whatever cannot be used is told, and what was in use stays.
void reload(const ServeSettings& settings, sqs::Guard& guard, http::Server& server) {
  if (auto verifier = verifier_of(settings)) {
    guard.use(*std::move(verifier));
    if (!settings.endpoint.credentials.empty())
      log_info("{} was read anew", settings.endpoint.credentials);
  } else {
    log_error("{}; the keys of before stay", verifier.error().message);
  }
  if (settings.endpoint.tls_key.empty()) return;
  if (const auto reloaded = server.reload_tls(); !reloaded)
    log_error("{}; the certificate of before stays", reloaded.error().message);
  else
    log_info("{} was read anew", settings.endpoint.tls_certificate);
}

ExitCode run(const ServeSettings& settings, Parts parts) {
  const bool may_reload =
      !settings.endpoint.credentials.empty() || !settings.endpoint.tls_key.empty();
  const sigset_t signals = block_signals(may_reload);
  SystemClock clock;
  broker::ShardOptions shard;
  shard.engine.aws_timers = settings.endpoint.aws_timers;
  auto broker = broker::Broker::start({parts.store, parts.artifacts, clock}, shard, end_at_once);
  if (!broker) return report(broker.error());
  BrokerBackend backend(**broker);
  sqs::Guard guard(backend, parts.identity);
  guard.use(std::move(parts.verifier));
  sqs::Api api({backend, parts.identity, guard});
  auto server = http::Server::listen(parts.options, api);
  if (!server) {
    report(server.error());
    return server.error().code == ErrorCode::kInUse ? ExitCode::kPort
                                                    : exit_code_of(server.error().code);
  }
  const http::Endpoint address{parts.options.host, (*server)->port()};
  fmt::print("listening on {}://{}\n", parts.options.tls.empty() ? "http" : "https",
             address.authority());
  std::fflush(stdout);

  int signal = 0;
  while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) reload(settings, guard, **server);
  backend.close();
  (*server)->drain(kDrainGrace);
  // What was decided is still answered, to whoever is there: before what answers refer to goes.
  broker->reset();
  server->reset();
  return ExitCode::kOk;
}

}  // namespace

std::vector<std::string> serve_options(const EndpointSettings& settings) {
  std::vector<std::string> options = {"--region", settings.region, "--account", settings.account};
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) options.insert(options.end(), {name, value});
  };
  const auto file = [](const std::string& path) { return path.empty() ? path : absolute(path); };
  add("--credentials", file(settings.credentials));
  add("--tls-cert", file(settings.tls_certificate));
  add("--tls-key", file(settings.tls_key));
  add("--public-url", settings.public_url);
  if (settings.aws_timers) options.emplace_back("--aws-timers");
  return options;
}

ExitCode serve(const ServeSettings& settings) {
  auth::md5_hex("");  // a machine without MD5 is told now
  const auto options = server_options(settings);
  if (!options) return report(options.error());
  const auto identity = identity_of(settings.endpoint);
  if (!identity) return report(identity.error());
  auto store = open_store(settings);
  if (!store) return report(store.error());
  std::optional<artifact::Artifacts> artifacts;
  if (!settings.memory) {
    auto opened = artifact::Artifacts::open(settings.data + "/artifacts");
    if (!opened) return report(opened.error());
    artifacts = *std::move(opened);
  }
  auto verifier = verifier_of(settings);
  if (!verifier) return report(verifier.error());
  return run(settings,
             {**store, artifacts ? &*artifacts : nullptr, *options, *identity, *verifier});
}

}  // namespace selvage::app
