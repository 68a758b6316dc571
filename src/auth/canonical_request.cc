// SPDX-License-Identifier: Apache-2.0
#include "auth/canonical_request.h"

#include <algorithm>

#include "auth/text.h"
#include "base/bytes.h"

namespace selvage::auth {
namespace {

enum class Plus { kIsPlus, kIsSpace };

bool is_unreserved(char c) {
  const char letter = lower(c);
  return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_encoded(std::string& out, std::string_view text, std::string_view kept) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_unreserved(c) || kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += {'%', kDigits[octet >> 4], kDigits[octet & 15]};
    }
  }
}

std::string percent_decode(std::string_view text, Plus plus) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool may_escape = text[i] == '%' && i + 2 < text.size();
    const auto octet = may_escape ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (octet) {
      out += *octet;
      i += 2;
    } else {
      out += text[i] == '+' && plus == Plus::kIsSpace ? ' ' : text[i];
    }
  }
  return out;
}

// RFC 3986, 5.2.4, and runs of slashes made one. The last slash stays.
std::string without_detours(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view step : split(path, '/')) {
    if (step == ".." && !kept.empty()) kept.pop_back();
    if (!step.empty() && step != "." && step != "..") kept.push_back(step);
  }
  std::string out;
  for (const std::string_view step : kept) out.append("/").append(step);
  if (out.empty() || path.ends_with('/')) out += '/';
  return out;
}

// Runs of spaces are one space. Tabs count as spaces: that is what the SDKs sign.
void append_value(std::string& out, std::string_view value) {
  bool gap = false;
  for (const char c : trim(value)) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank && gap) out += ' ';
    if (!blank) out += c;
    gap = blank;
  }
}

void append_header(std::string& out, const HttpRequest& request, std::string_view name) {
  out.append(name).append(":");
  bool first = true;
  for (const auto& [field, value] : request.headers) {
    if (!same_ignoring_case(field, name)) continue;
    if (!first) out += ',';
    first = false;
    append_value(out, value);
  }
  out += '\n';
}

}  // namespace

std::string_view HttpRequest::path() const {
  return cut(target, '?').first;
}

std::string_view HttpRequest::query() const {
  return cut(target, '?').second;
}

size_t HttpRequest::count(std::string_view name) const {
  return size_t(std::ranges::count_if(
      headers, [name](const HeaderField& field) { return same_ignoring_case(field.first, name); }));
}

std::optional<std::string_view> HttpRequest::header(std::string_view name) const {
  for (const auto& [field, value] : headers)
    if (same_ignoring_case(field, name)) return trim(value);
  return std::nullopt;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  append_encoded(out, text, "");
  return out;
}

std::string canonical_path(std::string_view path, PathRule rule) {
  std::string out;
  if (rule == PathRule::kNormalised)
    append_encoded(out, without_detours(path), "/");
  else
    append_encoded(out, path.empty() ? "/" : percent_decode(path, Plus::kIsPlus), "/");
  return out;
}

std::vector<HeaderField> read_query(std::string_view query) {
  std::vector<HeaderField> fields;
  for (const std::string_view piece : split(query, '&')) {
    if (piece.empty()) continue;
    const auto [name, value] = cut(piece, '=');
    fields.emplace_back(percent_decode(name, Plus::kIsSpace),
                        percent_decode(value, Plus::kIsSpace));
  }
  return fields;
}

std::string canonical_query(std::string_view query) {
  std::vector<HeaderField> fields = read_query(query);
  std::erase_if(fields, [](const HeaderField& field) { return field.first == "X-Amz-Signature"; });
  for (auto& [name, value] : fields) {  // sorted as encoded, which is not the order of the octets
    name = percent_encode(name);
    value = percent_encode(value);
  }
  std::ranges::sort(fields);
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(value);
  }
  return out;
}

std::string canonical_request(const HttpRequest& request,
                              std::span<const std::string> signed_headers,
                              std::string_view payload_hash, PathRule rule) {
  std::string out(request.method);
  out.append("\n").append(canonical_path(request.path(), rule));
  out.append("\n").append(canonical_query(request.query())).append("\n");
  for (const std::string& name : signed_headers) append_header(out, request, name);
  out += '\n';
  for (const std::string& name : signed_headers) {
    if (&name != signed_headers.data()) out += ';';
    out += name;
  }
  return out.append("\n").append(payload_hash);
}

}  // namespace selvage::auth
