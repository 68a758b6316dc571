// SPDX-License-Identifier: Apache-2.0
#include "store/findings.h"

#include <string_view>
#include <utility>

namespace selvage::store {
namespace {

constexpr uint64_t kToldOfAKind = 10;

std::string_view advice(FindingKind kind) {
  switch (kind) {
    case FindingKind::kTable:
      return "restore a backup: nobody can tell what was in the part that cannot be read";
    case FindingKind::kRecord:
    case FindingKind::kTwice:
      return "restore a backup: a server refuses to start with this, or stops when it reads it";
    case FindingKind::kNoQueue:
    case FindingKind::kMoveTask:
      return "restore a backup: a server refuses to start with this";
    case FindingKind::kDeduplication:
      return "restore a backup if you can; a server serves everything else, but a send with this "
             "id "
             "may be answered wrongly until five minutes after the first";
    case FindingKind::kNoPayload:
      return "restore a backup; without one, this message is lost, the others are served";
    case FindingKind::kPayload:
      return "restore a backup; without one, this message is never delivered, the others are";
    case FindingKind::kNoMessage:
      return "restore a backup if messages are missing; what is left of this one takes room until "
             "its queue is deleted and does no harm";
    case FindingKind::kPlace:
    case FindingKind::kAlias:
      return "restore a backup if you can; messages are delivered, but this one may not be found "
             "by its id";
    case FindingKind::kFiles:
      return "restore a backup before a server uses this: it may remove the files of this message";
    case FindingKind::kCount:
      return "restore a backup if the queue's statistics matter to you; its messages are served";
    case FindingKind::kExtent:
      return "restore a backup: a server may never come to see these messages";
    case FindingKind::kLast:
      return "restore a backup before a server uses this: a message that is sent to this queue "
             "would take the place of another";
    case FindingKind::kLease:
      return "restore a backup if you can; the message becomes visible when its lease ends";
    case FindingKind::kEvidence:
      return "nothing has to be done for the messages: only the account of failed attempts is "
             "affected";
  }
  return "";
}

}  // namespace

void Findings::add(FindingKind kind, std::string where, std::string what) {
  if (++told_[static_cast<size_t>(kind)] > kToldOfAKind)
    ++census_.more_findings;
  else
    census_.findings.push_back({std::move(where), std::move(what), std::string(advice(kind))});
}

}  // namespace selvage::store
