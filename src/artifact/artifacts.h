// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files too large for a message: a directory that travels with one. Written by a worker, staged,
// kept by the commit that hands it over, released when no message refers to it.
//
//   work/<w>/out ──stage()──▶ staged/<id> ──keep()──▶ kept/<id> ──release()──▶ gone
//   a program                 durable,                 a message
//   writes here               nobody's yet             refers to it

#include <set>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"

namespace selvage::artifact {

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

 private:
  explicit Artifacts(std::string root) : root_(std::move(root)) {}
  std::string staged_path(ArtifactId id) const;
  std::string root_;
};

// Removes a directory with everything in it, as far as it can be.
void remove_tree(const std::string& path);

}  // namespace selvage::artifact
