// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files too large for a message: a directory that travels with one. Written by a worker, staged,
// kept by the commit that hands it over, released when no message refers to it.
//
//   work/<w>/out ──stage()──▶ staged/<id> ──keep()──▶ kept/<id> ──release()──▶ gone
//   a program                 durable,                 a message
//   writes here               nobody's yet             refers to it

#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"

namespace selvage::artifact {

// While one lives, what is released stays where it is; it is removed when the last one ends.
// Whoever copies first the messages and then their artifacts needs one from before to after.
class Hold {
 public:
  class Books;
  explicit Hold(std::shared_ptr<Books> books);
  Hold(Hold&&) noexcept = default;
  Hold& operator=(Hold&&) = delete;
  ~Hold();

 private:
  std::shared_ptr<Books> books_;  // none: moved from
};

// Below one root directory of one file system, so that every step is a rename.
// Thread-safe: the steps are the file system's.
class Artifacts {
 public:
  // Creates what is missing below `root`.
  static Result<Artifacts> open(const std::string& root);

  // ---- a worker's side
  // Flushes every file of `directory` to disk and moves it to staged/. `directory` is gone then.
  // Failure: kDiskFull or kSettings; `directory` is untouched.
  Result<ArtifactId> stage(const std::string& directory, Random& random) const;
  // Undoes stage() for an artifact that was not kept.
  void discard(ArtifactId id) const;
  std::string path(ArtifactId id) const;  // where a kept artifact lies

  // ---- the broker's side
  bool is_staged(ArtifactId id) const;
  // staged/ to kept/; durable after the next sync(). An artifact that is kept already stays so.
  Result<void> keep(ArtifactId id) const;
  Result<void> sync() const;
  void release(ArtifactId id) const;
  // Removes every kept artifact that is not in `live`, and what was staged more than an hour ago:
  // both are what a crash left behind. Only while nobody keeps or releases.
  void sweep(const std::set<ArtifactId>& live) const;
  // Every kept artifact, in order of id.
  Result<std::vector<ArtifactId>> kept() const;

  // ---- a copy, beside all of this
  Hold hold() const;
  // Copies what is kept now to `root`, which does not exist: a root to open() later. Files get a
  // second name (a hard link) where the file system gives one, so nobody may write to them any
  // more. Durable on return, but for the name of `root`. Only while there is a Hold.
  // Failure: kDiskFull, kSettings, or kGiveUp when `stop` was asked for. What was copied so far is
  // left, for the caller to remove.
  Result<void> copy_kept(const std::string& root, const std::stop_token& stop) const;

 private:
  explicit Artifacts(std::string root);
  std::string staged_path(ArtifactId id) const;
  std::string root_;
  std::shared_ptr<Hold::Books> books_;
};

// Removes a directory with everything in it, as far as it can be.
void remove_tree(const std::string& path);

}  // namespace selvage::artifact
