// SPDX-License-Identifier: Apache-2.0
#include "app/serve.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "app/failure.h"
#include "artifact/artifacts.h"
#include "auth/digest.h"
#include "base/clock.h"
#include "base/log.h"
#include "broker/broker.h"
#include "http/client.h"
#include "http/server.h"
#include "sqs/api.h"
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
  if (!is_loopback(address->host))
    return failure(ErrorCode::kSettings,
                   fmt::format("refusing to listen on {}: anyone could read and change the queues. "
                               "This version has no credentials yet; use --listen 127.0.0.1:{}",
                               settings.listen, address->port));
  http::ServerOptions options;
  options.host = address->host;
  options.port = address->port;
  options.threads = settings.threads;
  return options;
}

// What can never be answered must not be: the process ends where the store failed.
void end_at_once(const Error& error) {
  const ExitCode code = report(error);
  _exit(static_cast<int>(code));
}

sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

ExitCode run(store::Store& store, const artifact::Artifacts* artifacts,
             const http::ServerOptions& options) {
  const sigset_t stop_signals = block_stop_signals();
  SystemClock clock;
  auto broker = broker::Broker::start(store, artifacts, clock, end_at_once);
  if (!broker) return report(broker.error());
  BrokerBackend backend(**broker);
  sqs::Api api(backend, sqs::Identity{});
  auto server = http::Server::listen(options, api);
  if (!server) {
    report(server.error());
    return server.error().code == ErrorCode::kInUse ? ExitCode::kPort
                                                    : exit_code_of(server.error().code);
  }
  const http::Endpoint address{options.host, (*server)->port()};
  fmt::print("listening on http://{}\n", address.authority());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&stop_signals, &signal);
  backend.close();
  (*server)->drain(kDrainGrace);
  // What was decided is still answered, to whoever is there: before what answers refer to goes.
  broker->reset();
  server->reset();
  return ExitCode::kOk;
}

}  // namespace

ExitCode serve(const ServeSettings& settings) {
  auth::md5_hex("");  // a machine without MD5 is told now
  const auto options = server_options(settings);
  if (!options) return report(options.error());
  auto store = open_store(settings);
  if (!store) return report(store.error());
  std::optional<artifact::Artifacts> artifacts;
  if (!settings.memory) {
    auto opened = artifact::Artifacts::open(settings.data + "/artifacts");
    if (!opened) return report(opened.error());
    artifacts = *std::move(opened);
  }
  return run(**store, artifacts ? &*artifacts : nullptr, *options);
}

}  // namespace selvage::app
