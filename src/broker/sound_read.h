// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reads what consumers are shown. One damaged payload must not keep everybody else from theirs: it
// is told in the log with its file, and counts as absent.

#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

namespace selvage::broker {

// As Store::read, but a value that is damaged is absent. Failure: the store's others.
Result<std::vector<std::optional<std::string>>> read_sound(store::Store& store, store::Table table,
                                                           const std::vector<std::string>& keys);

}  // namespace selvage::broker
