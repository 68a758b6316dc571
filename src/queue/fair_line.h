// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whose turn it is on a standard queue. Messages of one group (a tenant) stand in one file, oldest
// first; the files take turns, so that the backlog of one does not keep the others waiting:
//
//   noisy  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒ ─┐
//   quiet  ▒                 ─┼─▶ the file that has had least so far; of equals, the oldest head
//   (none) ▒▒                ─┘
//
// This is start-time fair queuing (Goyal, Vin, Cheng 1996) with messages as the unit of service.
// The present turn moves on as in weighted fair queuing (Demers, Keshav, Shenker 1989): by each
// message's cost, divided among the files that wait.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "queue/message.h"

namespace selvage::queue {

// 1. A queue whose messages name no group is in order of vesting.
// 2. A file that comes back after a pause has no credit from it: it begins at the present turn. Its
//    debt is remembered until the present turn has caught up or nobody waits.
// 3. Messages without a group share a file that has kUngroupedShare turns for one of a group's,
//    because each of them counts as a tenant of its own.
// 4. What a dead worker left stands ahead of all that waits, whoever's it is, and costs nothing.
// 5. No file waits for ever: new ones begin at the present turn, which passes every waiting one's.
// Not thread-safe.
class FairLine {
 public:
  static constexpr uint64_t kUngroupedShare = 8;
  // Of more empty files than this the one that has had least is forgotten.
  static constexpr size_t kMaxResting = 10'000;

  void add(Seq seq, const Message& message);
  bool remove(Seq seq, const Message& message);  // false when it does not stand here
  std::optional<Seq> first() const;
  // The message is taken from here by a consumer: its file has had a turn. Before remove().
  void charge(const Message& message);
  bool contains(Seq seq, const Message& message) const;
  size_t size() const { return size_ + freed_.size(); }
  size_t files() const { return files_.size(); }  // those that are remembered while empty included
  void audit() const;

 private:
  struct File {
    std::string group;
    std::set<std::pair<Instant, Seq>> waiting;  // by (vest, seq)
    uint64_t turn = 0;                          // when it is next served
  };
  using Head = std::tuple<uint64_t, Instant, Seq>;  // turn, vest, seq

  // What a message without a group costs: much, so that it can be divided among many files.
  static constexpr uint64_t kCost = uint64_t{1} << 20;

  static Head head_of(const File& file);
  void settle(File& file);  // after its last message has left
  void forget_rested();

  std::set<Seq> freed_;  // by death or failure, at the head
  std::unordered_map<std::string, File> files_;
  std::set<std::pair<Head, File*>> heads_;              // of every file with messages
  std::set<std::pair<uint64_t, std::string>> resting_;  // empty files that have had more than most
  uint64_t turn_ = 0;                                   // the present one
  size_t size_ = 0;                                     // in the files
};

}  // namespace selvage::queue
