// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is wrong with a piece of text, before anybody says where it stands.

#include <string>

namespace selvage::workflow {

struct Complaint {
  std::string message;     // a sentence, or the end of one that begins with the key
  std::string suggestion;  // what to do; may be empty
};

}  // namespace selvage::workflow
