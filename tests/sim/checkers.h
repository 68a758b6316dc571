// SPDX-License-Identifier: Apache-2.0
#pragma once
// Every checker, one property each. What a name promises is said on top of its file.

#include <memory>

#include "tests/sim/checker.h"
#include "tests/sim/lease_book.h"

namespace selvage::sim {

struct Knowledge {
  Site& site;
  Ledger& ledger;
  const LeaseBook& book;
};
using CheckerPtr = std::unique_ptr<Checker>;

CheckerPtr check_loss(const Knowledge& k);
CheckerPtr check_deletion(const Knowledge& k);
CheckerPtr check_holders(const Knowledge& k);
CheckerPtr check_vesting(const Knowledge& k);
CheckerPtr check_fifo(const Knowledge& k);
CheckerPtr check_deduplication(const Knowledge& k);
CheckerPtr check_hand_over(const Knowledge& k);
CheckerPtr check_counts(const Knowledge& k);
CheckerPtr check_dead_letters(const Knowledge& k);
CheckerPtr check_sessions(const Knowledge& k);
CheckerPtr check_retention(const Knowledge& k);
CheckerPtr check_waiting(const Knowledge& k);

}  // namespace selvage::sim
