// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names for things, each its own type: a QueueId cannot be passed for a SessionId.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace selvage {

// A number that means one kind of thing. Zero is "none" where a kind has a none.
template <typename Tag>
struct Id {
  uint64_t value = 0;
  constexpr auto operator<=>(const Id&) const = default;
  constexpr explicit operator bool() const { return value != 0; }
};

using QueueId = Id<struct QueueTag>;      // given by the engine, never used again
using Seq = Id<struct SeqTag>;            // a message's place in its queue: order of arrival
using LeaseToken = Id<struct LeaseTag>;   // random; says which lease of a message a receipt is
using SessionId = Id<struct SessionTag>;  // random; the liveness of one consumer
using ShardIndex = Id<struct ShardTag>;
using MoveTaskId = Id<struct MoveTaskTag>;  // random; names a message move task

// What a Uuid looks like, without memory of its own.
struct UuidText {
  std::array<char, 36> characters;
  operator std::string_view() const { return {characters.data(), characters.size()}; }
};

// 128 random bits, written as a UUID (version 4).
struct Uuid {
  std::array<uint8_t, 16> bytes{};
  auto operator<=>(const Uuid&) const = default;
  explicit operator bool() const { return *this != Uuid{}; }
  UuidText text() const;  // 8-4-4-4-12 lower-case hex
  std::string to_string() const { return std::string(std::string_view(text())); }
  static std::optional<Uuid> parse(std::string_view text);
  static Uuid from_random(uint64_t high, uint64_t low);
};

using MessageId = Uuid;
using ArtifactId = Uuid;

}  // namespace selvage

template <typename Tag>
struct std::hash<selvage::Id<Tag>> {
  size_t operator()(selvage::Id<Tag> id) const { return std::hash<uint64_t>()(id.value); }
};
