// SPDX-License-Identifier: Apache-2.0
#pragma once
// The least that a program of a persistent stage can do.

namespace selvage::bench {

// One JSON line in, one out with the same body, until the input ends. Returns the exit code.
int echo();

}  // namespace selvage::bench
