// SPDX-License-Identifier: Apache-2.0
#pragma once
// One stage of the workflow file: its queues, its program and what it changes of the defaults.

#include <optional>
#include <string>
#include <vector>

#include "workflow/graph.h"
#include "workflow/reader.h"

namespace selvage::workflow {

class StageReader {
 public:
  // All must outlive this. `directory` is where relative programs are looked for.
  StageReader(Programs& programs, const std::string& directory, const Stage& defaults,
              Problems& problems)
      : programs_(programs), directory_(directory), defaults_(defaults), problems_(problems) {}

  // What cannot be read is complained about and left empty.
  PlacedStage read(const wire::YamlNode::Entry& entry);

 private:
  void require(const Fields& fields, std::string_view key, const wire::YamlNode::Entry& entry,
               std::string hint);
  std::string read_queue(const Fields& fields, std::string_view key);
  void read_queues(const Fields& fields, PlacedStage& placed);
  void read_max_backlog(const Fields& fields, Stage& stage);
  void read_mode(const Fields& fields, Stage& stage);
  void read_batch(const Fields& fields, Stage& stage);
  void read_http(const Fields& fields, Http& http);
  void read_path(const Fields& fields, std::string_view key, std::string& path);
  void check_env(const Fields& fields, const Stage& stage);
  std::vector<std::string> read_run(const wire::YamlNode& node);
  std::optional<std::vector<std::string>> read_words(const wire::YamlNode& node);
  std::optional<std::vector<std::string>> read_list(const wire::YamlNode& list);
  void resolve_program(wire::Position at, std::string& program);

  Programs& programs_;
  const std::string& directory_;
  const Stage& defaults_;
  Problems& problems_;
};

}  // namespace selvage::workflow
