// SPDX-License-Identifier: Apache-2.0
#include "sqs/envelope.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/log.h"
#include "base/scan.h"

namespace selvage::sqs {
namespace {

constexpr uint8_t kVersion = 3;  // 1: without the sender; 2: without the body's digest
constexpr size_t kDigestSize = 16;

// All but the body, of which it says where in the payload it is.
std::optional<Envelope> decode_around(std::string_view payload, std::string_view& body) {
  Envelope envelope;
  if (payload.empty()) return envelope;
  Decoder in(payload);
  const uint8_t version = in.u8();
  if (version == 0 || version > kVersion) return std::nullopt;
  body = in.text();
  envelope.trace_header = in.text();
  if (version >= 2) envelope.sender = in.text();
  if (version >= 3) envelope.body_md5 = in.raw(in.u8());
  if (!envelope.body_md5.empty() && envelope.body_md5.size() != kDigestSize) return std::nullopt;
  for (int left = in.u8(); left > 0; --left) {
    const std::string name(in.text());
    AttributeValue& attribute = envelope.attributes[name];
    attribute.type = in.text();
    attribute.value = in.text();
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return envelope;
}

}  // namespace

uint32_t Envelope::size() const {
  size_t bytes = body.size();
  for (const auto& [name, attribute] : attributes)
    bytes += name.size() + attribute.type.size() + attribute.value.size();
  return static_cast<uint32_t>(std::min<size_t>(bytes, UINT32_MAX));
}

std::string encode_envelope(const Envelope& envelope) {
  std::string payload;
  payload.reserve(envelope.body.size() + 64);
  Encoder out(payload);
  out.u8(kVersion).text(envelope.body).text(envelope.trace_header).text(envelope.sender);
  out.u8(static_cast<uint8_t>(envelope.body_md5.size())).raw(envelope.body_md5);
  out.u8(static_cast<uint8_t>(envelope.attributes.size()));
  for (const auto& [name, attribute] : envelope.attributes)
    out.text(name).text(attribute.type).text(attribute.value);
  return payload;
}

std::optional<Envelope> decode_envelope(std::string_view payload) {
  std::string_view body;
  auto envelope = decode_around(payload, body);
  if (envelope) envelope->body = body;
  return envelope;
}

OrError<std::vector<Received>> open_envelopes(const std::vector<queue::Delivery>& deliveries) {
  std::vector<Received> opened;
  opened.reserve(deliveries.size());
  std::string damaged;
  for (const queue::Delivery& delivery : deliveries) {
    std::string_view body;
    if (auto envelope = decode_around(delivery.payload, body)) {
      opened.push_back({delivery, body, *std::move(envelope)});
      continue;
    }
    damaged = delivery.message.id.to_string();
    log_error("message {}: its bytes are damaged; it is left out of a receive", damaged);
  }
  if (opened.empty() && !damaged.empty())
    return refuse(kInternalFailure, fmt::format("The stored bytes of message {} are damaged: see "
                                                "the log of the broker.",
                                                damaged));
  return opened;
}

std::optional<uint32_t> forbidden_character(std::string_view text) {
  // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
  constexpr uint8_t kLead = 0xEF;
  const auto is_special = [](uint8_t byte) {
    return ((byte < 0x20) & (byte != 0x09) & (byte != 0x0A) & (byte != 0x0D)) | (byte == kLead);
  };
  for (size_t at = find_special(text, 0, is_special); at < text.size();
       at = find_special(text, at + 1, is_special)) {
    const auto byte = static_cast<uint8_t>(text[at]);
    if (byte != kLead) return byte;
    if (text.substr(at, 3) == "\xEF\xBF\xBE") return 0xFFFE;
    if (text.substr(at, 3) == "\xEF\xBF\xBF") return 0xFFFF;
  }
  return std::nullopt;
}

}  // namespace selvage::sqs
