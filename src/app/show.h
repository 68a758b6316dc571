// SPDX-License-Identifier: Apache-2.0
#pragma once
// How commands show things to people: tables, fields, and values in words.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace selvage::app {

std::string show_time(Instant t);        // "2026-11-22 10:03:07 UTC"
std::string show_moment(Instant t);      // "2026-11-22 10:03:07.123": of many that are close
std::string show_size(int64_t bytes);    // "1MiB", "256KiB", "1000B": as options take it
std::string show_bytes(uint64_t bytes);  // "512 B", "1.5 MiB": about as many
std::string count_of(int64_t n, std::string_view thing);  // "1 message", "2 messages"

// One line that begins like `text`, at most `width` characters; what is cut is shown by "…".
std::string excerpt(std::string_view text, size_t width);

// Without control characters, which a terminal would obey; tabs and line ends stay.
std::string printable(std::string_view text);

// The name at the end of a queue's URL or ARN; a bare name is its own.
std::string_view queue_name(std::string_view url);

// Rows under heads, each column as wide as its longest cell. Columns named in `numbers` stand
// right.
class Table {
 public:
  using Row = std::vector<std::string>;
  Table(Row heads, std::vector<size_t> numbers) : numbers_(std::move(numbers)) {
    add(std::move(heads));
  }
  void add(Row row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<Row> rows_;  // the heads first
  std::vector<size_t> numbers_;
};

// A title and below it one line per field, indented; further lines of a value stand below its
// first.
using Fields = std::vector<std::pair<std::string, std::string>>;
std::string show_fields(std::string_view title, const Fields& fields);

}  // namespace selvage::app
