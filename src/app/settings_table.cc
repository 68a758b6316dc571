// SPDX-License-Identifier: Apache-2.0
// The table, and its pages.
#include <fmt/format.h>

#include <charconv>

#include "app/settings.h"
#include "workflow/print.h"
#include "workflow/units.h"

namespace selvage::app {
namespace {

using Fit = std::expected<void, Setting::Unfit>;

std::unexpected<Setting::Unfit> unfit(std::string what, const std::string& text) {
  return std::unexpected(fmt::format("must be {}, not '{}'", what, text));
}

// ---- one pair of functions per kind of value

template <auto kMember>
Fit read_text(ServeSettings& into, const std::string& text) {
  into.*kMember = text;
  return {};
}
template <auto kMember>
std::string print_text(const ServeSettings& from) {
  return from.*kMember;
}

template <auto kMember>
Fit read_switch(ServeSettings& into, const std::string& text) {
  if (text != "true" && text != "false") return unfit("true or false", text);
  into.*kMember = text == "true";
  return {};
}
template <auto kMember>
std::string print_switch(const ServeSettings& from) {
  return from.*kMember ? "true" : "false";
}

constexpr int kMostThreads = 256;
Fit read_threads(ServeSettings& into, const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (!is_number || number < 0 || number > kMostThreads)
    return unfit(fmt::format("a number from 0 to {}", kMostThreads), text);
  into.threads = number;
  return {};
}
std::string print_threads(const ServeSettings& from) {
  return fmt::format("{}", from.threads);
}

constexpr std::chrono::hours kLongestDrainDelay{1};
Fit read_drain_delay(ServeSettings& into, const std::string& text) {
  const auto delay = workflow::parse_duration(text);
  if (!delay || *delay < Duration{0} || *delay > kLongestDrainDelay)
    return unfit("a time of at most 1h, such as 5s", text);
  into.drain_delay = *delay;
  return {};
}
std::string print_drain_delay(const ServeSettings& from) {
  return workflow::print_duration(from.drain_delay);
}

Fit read_durability(ServeSettings& into, const std::string& text) {
  for (const Durability d : {Durability::kFsync, Durability::kOs, Durability::kMemory})
    if (text == durability_name(d)) {
      into.durability = d;
      return {};
    }
  return unfit("fsync, os or memory", text);
}
std::string print_durability(const ServeSettings& from) {
  return std::string(durability_name(from.durability));
}

Fit read_log(ServeSettings& into, const std::string& text) {
  if (text != "human" && text != "json") return unfit("human or json", text);
  into.log = text == "json" ? LogFormat::kJson : LogFormat::kHuman;
  return {};
}
std::string print_log(const ServeSettings& from) {
  if (!from.log) return "";
  return *from.log == LogFormat::kJson ? "json" : "human";
}

Fit read_log_level(ServeSettings& into, const std::string& text) {
  const auto level = parse_log_level(text);
  if (!level) return unfit("debug, info, warn or error", text);
  into.log_level = *level;
  return {};
}
std::string print_log_level(const ServeSettings& from) {
  return std::string(log_level_name(from.log_level));
}

// ---- the table

using S = ServeSettings;
constexpr std::string_view kWho = "Who may call, and what the broker calls itself";
constexpr std::string_view kOperation = "Operation";

constexpr Setting kTable[] = {
    {"data", "DIR", "the data directory", read_text<&S::data>, print_text<&S::data>},
    {"listen", "HOST:PORT", "address to listen on; port 0: any free one", read_text<&S::listen>,
     print_text<&S::listen>},
    {"accept-loss",
     "",
     "start although acknowledged messages cannot be read any more, without them",
     read_switch<&S::accept_loss>,
     print_switch<&S::accept_loss>,
     {},
     false},
    {"durability", "MODE",
     "what an answered call survives: fsync, a power cut; os, kill -9 of the server (synced each "
     "second); memory, nothing",
     read_durability, print_durability},
    {"threads", "N", "HTTP threads, at most 256; 0: one per core", read_threads, print_threads},
    {"metrics-listen", "HOST:PORT",
     "serve /metrics, /healthz and /readyz here too, to whoever can reach it, without a key",
     read_text<&S::metrics_listen>, print_text<&S::metrics_listen>, kOperation},
    {"drain-delay", "TIME",
     "on SIGTERM go on serving for so long while /readyz says no, for load balancers to notice",
     read_drain_delay, print_drain_delay, kOperation, false},
    {"log", "FORMAT", "human or json; by default human on a terminal, else json", read_log,
     print_log, kOperation},
    {"log-level", "LEVEL", "debug, info, warn or error", read_log_level, print_log_level,
     kOperation},
    {"credentials", "FILE",
     "the keys that may call; without it anybody on this machine may, and nobody else",
     read_text<&S::credentials>, print_text<&S::credentials>, kWho},
    {"tls-cert", "FILE", "serve https with this certificate (PEM)", read_text<&S::tls_certificate>,
     print_text<&S::tls_certificate>, kWho},
    {"tls-key", "FILE", "and this key (PEM)", read_text<&S::tls_key>, print_text<&S::tls_key>,
     kWho},
    {"public-url", "URL",
     "what queue URLs begin with, for clients behind a proxy; else as the client called us",
     read_text<&S::public_url>, print_text<&S::public_url>, kWho},
    {"region", "NAME", "the region in queue ARNs", read_text<&S::region>, print_text<&S::region>,
     kWho},
    {"account", "NUMBER", "in queue URLs and ARNs, 12 digits", read_text<&S::account>,
     print_text<&S::account>, kWho},
    {"aws-timers", "", "Amazon's waits too: 60 s after a delete or purge",
     read_switch<&S::aws_timers>, print_switch<&S::aws_timers>, kWho},
};

constexpr std::string_view kIntroduction = R"(# Settings of a server

<!-- Printed by `selvage reference settings` from the table in src/app/settings_table.cc. -->

`selvage serve` has each of them as a flag, as a variable of the environment, and as a key of the
file that `--config FILE` (or `SELVAGE_CONFIG`) names; `selvage up` has those marked `up` as well,
for its broker. A flag counts more than the environment, the environment more than the file, the
file more than the default. An empty variable counts as none. A key of the file that is not known,
or a value that does not fit, is an error that names its line. Paths are relative to where the
server is started.

```yaml
# selvage.yaml
listen: 0.0.0.0:9324
data: /var/lib/selvage
credentials: /etc/selvage/keys.yaml
log-level: warn
aws-timers: true
```

Secrets stand in files that settings name, never in a setting.
`--memory` is short for `--durability memory`; what each durability survives:
[../operate/durability.md](../operate/durability.md).

| flag, key of the file | environment | default | | `up` |
| --- | --- | --- | --- | --- |
)";

}  // namespace

std::string_view durability_name(Durability durability) {
  switch (durability) {
    case Durability::kFsync:
      return "fsync";
    case Durability::kOs:
      return "os";
    case Durability::kMemory:
      return "memory";
  }
  return "?";
}

std::span<const Setting> settings_table() {
  return kTable;
}

std::string settings_reference() {
  std::string page(kIntroduction);
  for (const Setting& s : kTable) {
    const std::string value = s.print({});
    page +=
        fmt::format("| `--{}{}{}` | `{}` | {} | {} | {} |\n", s.name, s.value.empty() ? "" : " ",
                    s.value, environment_name(s), value.empty() ? "" : fmt::format("`{}`", value),
                    s.help, s.of_up_too ? "up" : "");
  }
  return page;
}

}  // namespace selvage::app
