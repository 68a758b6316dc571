// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a command has of a broker: one call after another, and sentences that say what to do next
// when one fails.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/exit_code.h"
#include "base/time.h"
#include "client/client.h"
#include "process/reactor.h"

namespace selvage::app {

// Where the broker is, and where a key for it may be.
struct BrokerPlace {
  std::string broker = "127.0.0.1:9324";
  std::string data = "selvage-data";
};

// "selvage: SENTENCE" on standard error; returns the exit code of its kind.
ExitCode complain(const Error& error);

class Link {
 public:
  // `longest_wait`: of the long polls that will be asked for; an answer has that long and a little
  // more. Failure: the place is no address.
  static Result<std::unique_ptr<Link>> open(const BrokerPlace& place, Duration longest_wait = {});

  // Calls and waits: start(client, done).
  template <typename T, typename Start>
  Result<T> ask(Start start) {
    const auto begun = std::chrono::steady_clock::now();
    auto answer = client::wait_for<T>(
        reactor_, [&](client::Client::Callback<T> done) { start(client_, std::move(done)); });
    waited_ = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun);
    return answer;
  }

  // Tells why the last call failed and what to do next; `queues` are those that it named. May ask
  // the broker for the queues that there are.
  ExitCode complain(const Error& error, const std::vector<std::string>& queues = {});

 private:
  Link(const http::Endpoint& endpoint, client::ClientOptions options)
      : authority_(endpoint.authority()),
        deadline_(options.deadline.value_or(Duration::max())),
        client_(reactor_, endpoint, std::move(options)) {}
  Error explain(const Error& error, const std::vector<std::string>& queues);
  Error explain_silence(const Error& error) const;
  std::string missing_queue(const std::vector<std::string>& queues);

  const std::string authority_;
  const Duration deadline_;
  Duration waited_{0};
  process::Reactor reactor_;
  client::Client client_;
};

}  // namespace selvage::app
