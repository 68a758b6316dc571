// SPDX-License-Identifier: Apache-2.0
// What a request costs the server beside what it costs a server of the same HTTP layer that answers
// a constant: all that is not HTTP and the kernel's TCP. README.md says how to read what this
// prints.
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "bench/driver.h"
#include "bench/figures.h"
#include "bench/measured.h"
#include "bench/workflow_run.h"
#include "http/server.h"

namespace selvage::bench {
namespace {

constexpr double kGoalRatio = 1.6;  // at most
constexpr std::chrono::milliseconds kWarmUp{500};

// ---- the server of constants

constexpr std::string_view kRequestId = "7b0f8d3e-93f6-4f0c-9a3c-1d1ab4ae5b5e";
constexpr std::string_view kDate = "Sun, 22 Nov 2026 12:00:00 GMT";
constexpr std::string_view kReceipt = "01000000000000000100000000000004d2a1b2c3d4e5f60708";

std::string list(int64_t count, std::string_view name, std::string_view element) {
  std::string json = fmt::format("{{\"{}\":[", name);
  for (int64_t i = 0; i < count; ++i) (json += i == 0 ? "" : ",") += element;
  return json + "]}";
}

// What selvage would answer, in form and size.
class Constants final : public http::Handler {
 public:
  Constants(int64_t batch, int64_t body) {
    const std::string sent = R"("MessageId":"5fea7756-0ea4-451a-a703-a558b933e274",)"
                             R"("MD5OfMessageBody":"fafb00f5732ab283681e124bf8747ed1")";
    const std::string message =
        fmt::format(R"({{"MessageId":"5fea7756-0ea4-451a-a703-a558b933e274","ReceiptHandle":"{}",)"
                    R"("MD5OfBody":"fafb00f5732ab283681e124bf8747ed1","Body":"{:0>{}}"}})",
                    kReceipt, "", body);
    sent_ =
        batch == 1 ? "{" + sent + "}" : list(batch, "Successful", "{\"Id\":\"a\"," + sent + "}");
    received_ = list(batch, "Messages", message);
    deleted_ = batch == 1 ? "" : list(batch, "Successful", R"({"Id":"a"})");
  }

  void handle(const http::Request& request, std::shared_ptr<http::Connection>,
              http::Responder responder) override {
    const std::string_view target = request.header("x-amz-target");
    const std::string* body = &deleted_;
    if (target.starts_with("AmazonSQS.Send")) body = &sent_;
    if (target.starts_with("AmazonSQS.Receive")) body = &received_;
    responder.send(
        {.status = 200,
         .content_type = "application/x-amz-json-1.0",
         .headers = {{"x-amzn-RequestId", std::string(kRequestId)}, {"Date", std::string(kDate)}},
         .body = *body});
  }

 private:
  std::string sent_, received_, deleted_;
};

int serve_constants(int64_t batch, int64_t body) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Constants constants(batch, body);
  const auto server = require(http::Server::listen({}, constants));
  fmt::print("listening on http://127.0.0.1:{}\n", server->port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

// ---- both, one after the other

struct Settings {
  int64_t rounds, seconds, batch, connections, body;
};

DriverSettings driver_settings(const Settings& settings, const Selvage& server) {
  const int producers = static_cast<int>(settings.connections) / 3;
  return {.endpoint = server.endpoint(),
          .queues = {"limit"},
          .producers = producers,
          .consumers = static_cast<int>(settings.connections) - producers,
          .batch = static_cast<int>(settings.batch),
          .body_bytes = static_cast<size_t>(settings.body),
          .window = 8 * settings.batch * settings.connections};
}

int run(const Settings& settings) {
  const Directory directory;
  const Selvage selvage = Selvage::serve(directory);
  const Selvage constants = Selvage::other(
      directory, {own_path(), "--serve", "yes", "--batch", std::to_string(settings.batch), "--body",
                  std::to_string(settings.body)});
  MeasuredLoad real(driver_settings(settings, selvage), selvage.pid());
  MeasuredLoad limit(driver_settings(settings, constants), constants.pid());
  for (MeasuredLoad* load : {&real, &limit}) {
    load->driver().create_queues();
    load->driver().run_for(kWarmUp);
  }
  Sample ratio;
  for (int64_t round = 0; round < settings.rounds; ++round) {
    limit.measure(std::chrono::seconds(settings.seconds));
    real.measure(std::chrono::seconds(settings.seconds));
    if (!real.driver().settle()) give_up("messages did not come back: look at the server's log");
    ratio.add(real.figures().cpu_us_per_request.last() / limit.figures().cpu_us_per_request.last());
  }
  const bool met = ratio.median() <= kGoalRatio && real.is_balanced();
  std::string json;
  wire::JsonWriter out(json);
  out.begin_object().field("batch", settings.batch).field("connections", settings.connections);
  write_spread(out, "cpu_ratio", ratio);
  out.key("selvage").begin_object();
  real.write_figures(out);
  real.write_ledger(out);
  out.end_object().key("limit").begin_object();
  limit.write_figures(out);
  out.end_object().key("goal").begin_object();
  out.key("cpu_ratio_at_most").number(kGoalRatio);
  out.key("met").boolean(met).end_object().end_object();
  fmt::print("{}\n", json);
  return met ? 0 : 1;
}

}  // namespace
}  // namespace selvage::bench

int main(int argc, char** argv) {
  using namespace selvage::bench;
  const Settings settings{.rounds = option(argc, argv, "--rounds", 5),
                          .seconds = option(argc, argv, "--seconds", 2),
                          .batch = option(argc, argv, "--batch", 1),
                          .connections = option(argc, argv, "--connections", 64),
                          .body = option(argc, argv, "--body", 1024)};
  if (!text_option(argc, argv, "--serve", "").empty())
    return serve_constants(settings.batch, settings.body);
  return run(settings);
}
