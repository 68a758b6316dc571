// SPDX-License-Identifier: Apache-2.0
#pragma once
// How one message gets into a program and its verdict out of it. One implementation per mode.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "client/client.h"
#include "http/client.h"
#include "process/reactor.h"
#include "process/spawn.h"
#include "workflow/plan.h"

namespace selvage::runner {

// What came of one attempt.
struct Verdict {
  enum class Kind {
    kDone,        // `output` is the output message
    kDropped,     // done, and nothing to hand on
    kFailed,      // an attempt is burnt
    kPoison,      // no further attempt
    kTryLater,    // asked for by the program: nothing is burnt
    kNotStarted,  // the program could not be started: nothing is burnt
  };
  Kind kind = Kind::kFailed;
  std::string output;
  std::optional<Duration> delay = {};  // of kTryLater, if it was told
  std::string cause;                   // of anything but kDone: one phrase for people
  std::string errors;                  // the tail of standard error
  int exit_code = 0;                   // when the attempt was a process that exited
  int signal = 0;                      // when a signal ended it
  bool hung = false;                   // ended by its deadline
  Instant started{};
  Instant ended{};
  int64_t cpu_us = 0;
  int64_t max_rss_kib = 0;
};

// Where an attempt finds its files.
struct Places {
  std::string in;   // the message's artifact; empty: it has none
  std::string out;  // an empty directory
};

// What a program of mode sdk needs to poll by itself. The key is its session's.
struct Access {
  http::Endpoint broker;
  std::string region;
  client::Credentials key;
  std::string queue_url;
  std::string to_url;  // empty: the stage hands nothing on
};

// Not thread-safe. At most one message is fed at a time.
class Feeder {
 public:
  struct Events {
    std::function<void()> started;         // the program has the message
    std::function<void(Verdict)> ended;    // and is done with it; mode sdk: its program has ended
    std::function<void(double)> progress;  // it is alive: its deadline begins anew
    std::function<void()> ready_changed;   // ready() may be another
  };
  virtual ~Feeder() = default;
  // False while a program is not to be started (back-off after it could not be).
  virtual bool ready() const = 0;
  virtual void feed(const client::Message& message, const Places& places) = 0;
  // No message will come any more: lets an idle program end, then calls `done`, maybe at once. Only
  // while no message is fed.
  virtual void finish(std::function<void()> done) = 0;
  // Kills what is running, with all it started; events().ended still comes (not in mode sdk).
  virtual void abandon() = 0;
  // The process that runs; 0: none.
  virtual pid_t program() const { return 0; }
  // Mode sdk: its session is open, and its program may run from now on. Given anew after each
  // events().ended and abandon().
  virtual void admit(const Access&) {}
};

struct FeederSetting {
  const workflow::Stage& stage;
  const workflow::Plan& plan;
  std::string worker;  // its name
  process::Reactor& reactor;
  Clock& clock;
  // What the program writes to standard error, as it comes; may be absent.
  std::function<void(std::string_view bytes)> said = {};
};

std::unique_ptr<Feeder> make_oneshot(const FeederSetting& setting, Feeder::Events events);
std::unique_ptr<Feeder> make_persistent(const FeederSetting& setting, Feeder::Events events);
std::unique_ptr<Feeder> make_http(const FeederSetting& setting, Feeder::Events events);
// Is never ready for a message: its program takes them itself.
std::unique_ptr<Feeder> make_sdk(const FeederSetting& setting, Feeder::Events events);
std::unique_ptr<Feeder> make_feeder(const FeederSetting& setting,
                                    Feeder::Events events);  // by mode

// What they have in common.
inline constexpr size_t kMaxOutputBytes = 1 << 20;  // a message's limit
std::vector<std::string> stage_environment(const FeederSetting& setting);
void unset(std::vector<std::string>& environment, std::string_view name);
void set(std::vector<std::string>& environment, std::string_view name, std::string_view value);
// Fills in how a process ended, for evidence and cause.
void describe_end(const process::Ended& how, Duration deadline, Verdict& verdict);

}  // namespace selvage::runner
