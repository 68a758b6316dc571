// SPDX-License-Identifier: Apache-2.0
#pragma once
// For tests that start programs: kill(2) of this test binary refuses to signal everything (-1) and
// init (1) and fails the test instead, so that a slip with a pid takes nobody else down.

namespace selvage::runner {

// How often that would have happened so far.
int forbidden_kills();

}  // namespace selvage::runner
