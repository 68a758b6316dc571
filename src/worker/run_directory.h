// SPDX-License-Identifier: Apache-2.0
#pragma once
// DIR/run: what the processes of a workflow keep beside the queues, and under which names.
//
//   root.lock  supervisor.lock  events.jsonl  decisions.json
//   workflow                the path of the file that the supervisor works by
//   workers/shrink-1.lock   the worker lives
//   workers/shrink-1.card   what it does (card.h)

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace selvage::worker {

class RunDirectory {
 public:
  // `data`: the data directory.
  explicit RunDirectory(const std::string& data) : path_(data + "/run") {}

  // Makes the directories; false when they cannot be made.
  bool make() const;

  std::string workers() const { return path_ + "/workers"; }
  std::string root_lock() const { return path_ + "/root.lock"; }
  std::string supervisor_lock() const { return path_ + "/supervisor.lock"; }
  std::string events() const { return path_ + "/events.jsonl"; }
  std::string workflow() const { return path_ + "/workflow"; }
  std::string decisions() const { return path_ + "/decisions.json"; }
  std::string lock(std::string_view worker) const { return file(worker, ".lock"); }
  std::string card(std::string_view worker) const { return file(worker, ".card"); }

  // The numbers of the stage's workers that there is a lock file of, held or not; ascending.
  std::vector<int> numbers_of(std::string_view stage) const;

 private:
  std::string file(std::string_view worker, std::string_view suffix) const;
  std::string path_;
};

// "shrink-1": the stage's worker of that number, from 1.
std::string worker_name(std::string_view stage, int number);
// The number in a name that worker_name(stage, …) made.
std::optional<int> worker_number(std::string_view name, std::string_view stage);

}  // namespace selvage::worker
