// SPDX-License-Identifier: Apache-2.0
// Any bytes as a form: refused, or a tree that is the same when its leaves are written and read
// again, within the limits of depth and size.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "tests/fuzz/text.h"
#include "wire/form.h"
#include "wire/utf8.h"

namespace {

using selvage::wire::Form;
using selvage::wire::FormNode;
using Leaves = std::vector<std::pair<std::string, std::string>>;  // name and value

void walk(const FormNode& node, const std::string& name, Leaves& out) {
  bool numbers = node.is_numbered();
  SELVAGE_CHECK(!numbers || node.has_children());
  size_t children = 0;
  const bool all = node.children([&](std::string_view part, const FormNode& child) {
    ++children;
    SELVAGE_CHECK(child.text() || child.has_children());
    std::string path = name + std::string(part);
    // Only a dot behind it tells an empty last part from none.
    if (const auto value = child.text()) out.emplace_back(path + (part.empty() ? "." : ""), *value);
    walk(child, path + ".", out);
    return true;
  });
  SELVAGE_CHECK(all && (children > 0) == node.has_children());
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789aBcDeF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte / 16], kDigits[byte % 16]};
  }
  return out;
}

Leaves leaves_of(Form& form) {
  Leaves leaves;
  walk(form.root(), "", leaves);
  return leaves;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Form form;
  if (!form.read(selvage::fuzz::as_text(data, size))) return 0;
  const Leaves leaves = leaves_of(form);
  SELVAGE_CHECK(leaves.size() <= selvage::wire::kMaxFormFields);
  std::string again;
  for (const auto& [name, value] : leaves) {
    SELVAGE_CHECK(selvage::wire::is_utf8(name) && selvage::wire::is_utf8(value));
    again += escaped(name) + "=" + escaped(value) + "&";
  }
  Form second;
  SELVAGE_CHECK(second.read(again));
  SELVAGE_CHECK(leaves_of(second) == leaves);
  return 0;
}
