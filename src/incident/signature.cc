// SPDX-License-Identifier: Apache-2.0
#include "incident/signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "wire/utf8.h"

namespace selvage::incident {
namespace {

constexpr size_t kShortestHex = 6;  // shorter words with a digit have only their digits replaced
constexpr std::string_view kSpace = " \t\r\n\v\f";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
// Bytes above ASCII are letters of some alphabet.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c);
}
// What stands between the numbers of a date, a time, a version, an address, a UUID.
bool is_joint(char c) {
  return c == '.' || c == ':' || c == '-' || c == ',';
}

template <typename Is>
size_t run(std::string_view text, size_t from, Is is) {
  size_t end = from;
  while (end < text.size() && is(text[end])) ++end;
  return end;
}

// A number in base 16 without a word's doubt: 0x…, or long and with a digit ("deadbeef" is a word).
bool is_hex_number(std::string_view word) {
  if (word.starts_with("0x") || word.starts_with("0X"))
    return word.size() > 2 && std::ranges::all_of(word.substr(2), is_hex);
  return word.size() >= kShortestHex && std::ranges::all_of(word, is_hex) &&
         std::ranges::any_of(word, is_digit);
}

// Where the UUID that begins here ends; `from` when there is none. Its groups alone might be words.
size_t end_of_uuid(std::string_view text, size_t from) {
  constexpr size_t kGroups[] = {8, 4, 4, 4, 12};
  size_t at = from;
  for (const size_t group : kGroups) {
    const bool is_first = at == from;
    if (!is_first && !text.substr(at).starts_with('-')) return from;
    if (!is_first) ++at;
    const size_t end = run(text, at, is_word);
    if (end != at + group || run(text, at, is_hex) != end) return from;
    at = end;
  }
  return at;
}

// A word without its digits, or "#" if it is a number as a whole.
std::string plain(std::string_view word) {
  if (is_hex_number(word)) return "#";
  std::string text;
  for (size_t at = 0; at < word.size();) {
    const size_t digits = run(word, at, is_digit);
    text += digits > at ? '#' : word[at];
    at = std::max(digits, at + 1);
  }
  return text;
}

// "#-#", "#:#.#": one number in several parts.
void append_number(std::string& out, std::string_view next) {
  const size_t size = out.size();
  const bool joins = size >= 2 && is_joint(out[size - 1]) && out[size - 2] == '#';
  if (joins && next.starts_with('#')) {
    out.pop_back();
    next.remove_prefix(1);
  }
  out += next;
}

std::string only_text(std::string_view text) {
  std::string sound;
  while (!text.empty()) {
    const size_t length = wire::utf8_length(text);
    const bool is_sign =
        length > 1 || (length == 1 && (text[0] >= ' ' || kSpace.contains(text[0])));
    if (is_sign && text[0] != '\x7F') sound += text.substr(0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return sound;
}

std::string in_single_spaces(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (!kSpace.contains(c))
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string how_it_ended(const FailedAttempt& attempt) {
  if (attempt.hung) return "deadline";
  if (!attempt.reason.empty()) return without_numbers(attempt.reason);
  if (attempt.signal != 0) return fmt::format("signal {}", attempt.signal);
  if (attempt.exit_code != 0) return fmt::format("exit {}", attempt.exit_code);
  return "";
}

// At most so many bytes, and no half character.
void cut(std::string& text, size_t most) {
  if (text.size() <= most) return;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  text.resize(most);
}

}  // namespace

std::string without_numbers(std::string_view text) {
  const std::string line = in_single_spaces(only_text(text));
  std::string out;
  for (size_t at = 0; at < line.size();) {
    const size_t end = run(line, at, is_word);
    const size_t uuid = end_of_uuid(line, at);
    if (uuid > at)
      append_number(out, "#");
    else if (end > at)
      append_number(out, plain(std::string_view(line).substr(at, end - at)));
    else
      out += line[at];
    at = std::max({uuid, end, at + 1});
  }
  return out;
}

std::string_view last_line(std::string_view text) {
  while (!text.empty()) {
    const size_t before = text.rfind('\n');
    const std::string_view line = text.substr(before == text.npos ? 0 : before + 1);
    if (line.find_first_not_of(kSpace) != line.npos) return line;
    text = text.substr(0, before == text.npos ? 0 : before);
  }
  return text;
}

std::string signature_of(const FailedAttempt& attempt) {
  std::string signature(attempt.stage);
  const auto add = [&](const std::string& part) {
    if (!part.empty()) signature += (signature.empty() ? "" : ": ") + part;
  };
  add(how_it_ended(attempt));
  add(without_numbers(last_line(attempt.errors)));
  cut(signature, kMaxSignature);
  return signature;
}

// FNV-1a, 32 bits: the same for ever, so that a name can be written down.
std::string short_name_of(std::string_view signature) {
  uint32_t hash = 2166136261u;
  for (const char c : signature) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return fmt::format("{:08x}", hash);
}

}  // namespace selvage::incident
