// SPDX-License-Identifier: Apache-2.0
#include "bench/echo.h"

#include <unistd.h>

#include <iostream>
#include <string>

#include "wire/json.h"

namespace selvage::bench {

int echo() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::string answer;
    const auto read = wire::read_json(line, [&](wire::JsonValue& root) {
      return root.object([&](std::string_view key, wire::JsonValue& value) {
        if (key == "body")
          wire::JsonWriter(answer)
              .begin_object()
              .field("body", value.string().value_or(""))
              .end_object();
        return true;
      });
    });
    answer += '\n';
    if (!read || write(STDOUT_FILENO, answer.data(), answer.size()) < 0) return 1;
  }
  return 0;
}

}  // namespace selvage::bench
