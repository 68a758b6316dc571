// SPDX-License-Identifier: Apache-2.0
#include "workflow/command.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "wire/json.h"

namespace selvage::workflow {
namespace {

// A shell would act on these: outside of quotes, and the second kind between double quotes too.
constexpr std::string_view kShellOnly = "|><&;$`";
constexpr std::string_view kShellInQuotes = "$`";
constexpr std::string_view kWhiteSpace = " \t\r\n";

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  std::expected<std::vector<std::string>, Complaint> split() {
    while (at_ < text_.size() && !complaint_) step(text_[at_++]);
    if (!complaint_ && quote_ != 0) {
      complaint_ = Complaint{fmt::format("has a {} that is never closed", quote_), ""};
    }
    if (complaint_) return std::unexpected(std::move(*complaint_));
    end_word();
    return std::move(words_);
  }

 private:
  void step(char c) {
    switch (quote_) {
      case '\'':
        return step_single(c);
      case '"':
        return step_double(c);
      default:
        return step_plain(c);
    }
  }

  void step_plain(char c) {
    if (kWhiteSpace.find(c) != std::string_view::npos) return end_word();
    if (kShellOnly.find(c) != std::string_view::npos) return need_shell(c);
    begin_word();
    if (c == '\'' || c == '"') {
      quote_ = c;
    } else if (c == '\\') {
      escape();
    } else {
      word_ += c;
    }
  }

  void step_single(char c) {
    if (c == '\'') {
      quote_ = 0;
    } else {
      word_ += c;
    }
  }

  void step_double(char c) {
    if (kShellInQuotes.find(c) != std::string_view::npos) return need_shell(c);
    const bool escapes = c == '\\' && at_ < text_.size() &&
                         std::string_view("\"\\$`").find(text_[at_]) != std::string_view::npos;
    if (c == '"') {
      quote_ = 0;
    } else if (escapes) {
      escape();
    } else {
      word_ += c;
    }
  }

  void escape() {
    if (at_ == text_.size()) {
      complaint_ = Complaint{"ends in a backslash that has nothing to keep", ""};
    } else {
      word_ += text_[at_++];
    }
  }

  void begin_word() { in_word_ = true; }
  void end_word() {
    if (in_word_) words_.push_back(std::exchange(word_, {}));
    in_word_ = false;
  }

  void need_shell(char c) {
    std::string quoted;
    wire::JsonWriter(quoted).string(text_);  // a JSON string is a YAML string too
    complaint_ = Complaint{
        fmt::format("has a '{}', which only a shell understands, and is run without one", c),
        fmt::format("write [sh, -c, {}]", quoted)};
  }

  std::string_view text_;
  size_t at_ = 0;
  char quote_ = 0;        // 0 outside of quotes
  bool in_word_ = false;  // true also for the empty word ''
  std::string word_;
  std::vector<std::string> words_;
  std::optional<Complaint> complaint_;
};

}  // namespace

std::expected<std::vector<std::string>, Complaint> split_command(std::string_view text) {
  return Splitter(text).split();
}

}  // namespace selvage::workflow
