// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names of things as AWS writes them: arn:aws:sqs:us-east-1:123456789012:orders.

#include <string>
#include <string_view>

namespace selvage::auth {

// Whether `arn` fits `pattern`: each of the six parts by itself, with `*` and `?`, so that a star
// never reaches over a colon (but within the last part). Parts that the pattern lacks may be
// anything.
bool fits_arn(std::string_view pattern, std::string_view arn);

// Whether it is an AWS account: 12 digits.
bool is_account(std::string_view text);

std::string user_arn(std::string_view account, std::string_view user);
std::string root_arn(std::string_view account);  // stands for the whole account

}  // namespace selvage::auth
