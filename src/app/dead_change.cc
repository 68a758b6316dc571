// SPDX-License-Identifier: Apache-2.0
// Dead letters tried again or thrown away: one, a group, what a filter says, or all.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

#include "app/audit.h"
#include "app/consent.h"
#include "app/dead.h"
#include "app/show.h"
#include "app/show_message.h"

namespace selvage::app {
namespace {

using client::Outcomes;

constexpr size_t kBatch = 100;
constexpr int64_t kBatchesPerSecond = 10;  // at a rate: small ones, so that it is kept evenly

// A dead letter that is meant; its body is not kept: there may be many.
struct Chosen {
  std::string id;
  std::string queue;
  std::string to;  // redrive; empty: it does not say where it died
  std::string signature;
};

struct Choice {
  std::vector<Chosen> letters;
  int64_t leased = 0;                // somebody has them: they are left alone
  std::vector<std::string> missing;  // ids that are nowhere
};

// What is done, in words.
struct Words {
  std::string_view action;  // "redrive"
  std::string_view done;    // "redrove"
  bool moves = false;
};
constexpr Words kRedrive{"redrive", "redrove", true};
constexpr Words kDiscard{"discard", "discarded", false};

Result<Choice> choose(Link& link, const ChangeDead& settings) {
  const auto scope = find_scope(link, settings.name);
  if (!scope) return std::unexpected(scope.error());
  Choice choice{.letters = {}, .missing = settings.filter.ids};
  SELVAGE_TRY(for_each(link, *scope, settings.filter, [&](DeadLetter&& letter) {
    std::erase(choice.missing, letter.message.id);
    if (letter.message.state == "InFlight") {
      ++choice.leased;
      return true;
    }
    const std::string source(queue_name(letter.message.dead_letter_source));
    choice.letters.push_back({.id = letter.message.id,
                              .queue = letter.queue,
                              .to = settings.to.empty() ? source : settings.to,
                              .signature = letter.signature});
    return true;
  }));
  return choice;
}

// "12 messages: 10 to a, 2 to b", or from where.
std::string describe(const std::vector<Chosen>& letters, const Words& words) {
  std::map<std::string, int64_t> counts;
  for (const Chosen& letter : letters) ++counts[words.moves ? letter.to : letter.queue];
  std::string places;
  for (const auto& [place, count] : counts)
    places +=
        fmt::format("{}{} {} {}", places.empty() ? ": " : ", ", count, words.moves ? "to" : "from",
                    place.empty() ? "nobody knows where (say --to QUEUE)" : place);
  return count_of(static_cast<int64_t>(letters.size()), "dead letter") + places;
}

std::string json_of(const Choice& choice, const Words& words) {
  std::string json;
  wire::JsonWriter(json)
      .begin_object()
      .field("would", words.action)
      .field("messages", static_cast<int64_t>(choice.letters.size()))
      .field("leased", choice.leased)
      .end_object();
  return json;
}

void tell_left_out(const Choice& choice) {
  if (choice.leased > 0)
    fmt::print(stderr, "{} leased: left alone, whoever has them decides\n",
               choice.leased == 1 ? "1 is" : fmt::format("{} are", choice.leased));
  for (const std::string& id : choice.missing)
    complain(
        {ErrorCode::kGiveUp, fmt::format("no dead letter {}: it was redriven or discarded, has "
                                         "expired, or never died",
                                         id)});
}

ExitCode dry_run(const Choice& choice, const ChangeDead& settings, const Words& words) {
  if (settings.json)
    fmt::print("{}\n", json_of(choice, words));
  else
    fmt::print("would {} {}\n", words.action, describe(choice.letters, words));
  std::fflush(stdout);
  tell_left_out(choice);
  return choice.missing.empty() ? ExitCode::kOk : ExitCode::kFailed;
}

// Carries it out in batches of one queue and one target, in the order in which they were found.
class Change {
 public:
  Change(Link& link, const Audit& audit, const ChangeDead& settings, Words words)
      : link_(link), audit_(audit), settings_(settings), words_(words) {}

  ExitCode carry_out(const std::vector<Chosen>& letters) {
    const auto begun = std::chrono::steady_clock::now();
    size_t handled = 0;
    while (handled < letters.size()) {
      const auto batch = next_batch(letters, handled);
      const auto outcomes = ask(batch);
      if (!outcomes) {
        tell_rest(letters.size() - handled);
        return link_.complain(outcomes.error(), {batch.front().queue, batch.front().to});
      }
      for (size_t i = 0; i < batch.size() && i < outcomes->size(); ++i)
        if (const auto told = tell(batch[i], (*outcomes)[i]); !told) return complain(told.error());
      std::fflush(stdout);
      handled += batch.size();
      if (settings_.rate && handled < letters.size())
        std::this_thread::sleep_until(
            begun + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(
                        static_cast<double>(handled) / static_cast<double>(*settings_.rate))));
    }
    return code_;
  }
  const std::vector<Chosen>& done() const { return done_; }

 private:
  size_t batch_limit() const {
    if (!settings_.rate) return kBatch;
    return static_cast<size_t>(std::clamp<int64_t>(*settings_.rate / kBatchesPerSecond, 1, kBatch));
  }
  std::vector<Chosen> next_batch(const std::vector<Chosen>& letters, size_t from) const {
    std::vector<Chosen> batch;
    for (size_t i = from; i < letters.size() && batch.size() < batch_limit(); ++i) {
      if (letters[i].queue != letters[from].queue || letters[i].to != letters[from].to) break;
      batch.push_back(letters[i]);
    }
    return batch;
  }
  Result<Outcomes> ask(const std::vector<Chosen>& batch) {
    const std::string& queue = batch.front().queue;
    const std::string& to = batch.front().to;
    if (words_.moves && to.empty()) return Outcomes(batch.size(), "NoSource");
    std::vector<std::string> ids;
    for (const Chosen& letter : batch) ids.push_back(letter.id);
    return link_.ask<Outcomes>([&](client::Client& c, auto done) {
      if (words_.moves)
        client::reschedule(c, {.queue = queue, .ids = ids, .target = to}, std::move(done));
      else
        client::cancel_messages(c, queue, ids, std::move(done));
    });
  }
  Result<void> tell(const Chosen& letter, const std::string& outcome) {
    if (outcome == "Done")
      done_.push_back(letter);
    else
      tell_refused(letter, outcome);
    if (settings_.json && !audit_.is_on_stdout()) print_outcome(true, {"id", letter.id}, outcome);
    return audit_.record({.action = std::string(words_.action),
                          .queue = letter.queue,
                          .message = letter.id,
                          .to = words_.moves ? letter.to : "",
                          .signature = letter.signature,
                          .outcome = outcome,
                          .broker = settings_.at.broker});
  }
  void tell_refused(const Chosen& letter, const std::string& outcome) {
    code_ = ExitCode::kFailed;
    const std::string why =
        outcome == "NoSource" ? "it does not say where it died: say --to QUEUE"
        : outcome == "NoDestination"
            ? fmt::format(
                  "queue '{0}' does not exist: make it (selvage queue create {0}), or say "
                  "--to QUEUE",
                  letter.to)
            : outcome_in_words(outcome, letter.queue);
    complain({ErrorCode::kGiveUp, fmt::format("{} stays in {}: {}", letter.id, letter.queue, why)});
  }
  void tell_rest(size_t left) const {
    fmt::print(stderr, "{} {}, then it ended; at most {} left\n", words_.done,
               describe(done_, words_), left);
  }

  Link& link_;
  const Audit& audit_;
  const ChangeDead& settings_;
  const Words words_;
  std::vector<Chosen> done_;
  ExitCode code_ = ExitCode::kOk;
};

// Of one that is named by its id nobody asks twice.
Result<void> consent_to(const Choice& choice, const ChangeDead& settings, const Words& words) {
  if (words.moves || settings.yes || !settings.filter.ids.empty()) return {};
  return ask_consent(fmt::format("{} {} for ever", words.action, describe(choice.letters, words)));
}

ExitCode change(const ChangeDead& settings, const Words& words) {
  const auto link = Link::open(settings.at);
  if (!link) return complain(link.error());
  const auto choice = choose(**link, settings);
  if (!choice) return (*link)->complain(choice.error());
  if (settings.dry_run) return dry_run(*choice, settings, words);
  if (!choice->letters.empty())
    if (const auto consent = consent_to(*choice, settings, words); !consent)
      return complain(consent.error());
  const auto audit = Audit::open(settings.at, settings.knows_directory);
  if (!audit) return complain(audit.error());
  Change doing(**link, *audit, settings, words);
  const ExitCode code = doing.carry_out(choice->letters);
  // Where the audit stands on standard output, people read beside it.
  if (!settings.json)
    fmt::print(audit->is_on_stdout() ? stderr : stdout, "{} {}\n", words.done,
               describe(doing.done(), words));
  std::fflush(stdout);
  if (choice->letters.empty() && !settings.filter.group.empty())
    fmt::print(stderr, "to see the groups that there are: selvage dead ls\n");
  tell_left_out(*choice);
  return choice->missing.empty() ? code : ExitCode::kFailed;
}

}  // namespace

ExitCode redrive_dead(const ChangeDead& settings) {
  return change(settings, kRedrive);
}

ExitCode discard_dead(const ChangeDead& settings) {
  return change(settings, kDiscard);
}

}  // namespace selvage::app
