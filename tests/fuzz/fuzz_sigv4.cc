// SPDX-License-Identifier: Apache-2.0
// Any request to the verifier of signatures: nobody gets in without the secret. Then the same
// request, signed: it gets in, and with one byte altered it does not, unless the two mean the same.
//
// The first line says what is altered: its first letter of "mtbhsq" where (method, target, body, a
// signed header, the signature, or, presigned, the query), the next two bytes which one, and the
// last what becomes of it. The request follows as text.h has it.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/canonical_request.h"
#include "auth/sigv4.h"
#include "auth/text.h"
#include "auth/timestamp.h"
#include "auth/verifier.h"
#include "base/check.h"
#include "tests/fuzz/text.h"

namespace {

using namespace selvage::auth;
using selvage::http::Request;

constexpr std::string_view kId = "AKIDEXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kWritten = "not the one: seeds could be signed with it";
const selvage::Instant kNow = read_basic_time("20260830T123600Z").value();

struct Alteration {
  char where = 'b';
  size_t which = 0;
  uint8_t change = 1;
};

HttpRequest view(const Request& request) {
  return {request.method, request.target, request.headers, request.body};
}

Verifier verifier_for(std::string_view secret) {
  return {Keyring::make({{std::string(kId), std::string(secret), "ann", "", {}}}).value(), {}};
}

void alter(std::string& text, const Alteration& alteration) {
  if (text.empty()) return;
  char& c = text[alteration.which % text.size()];
  c = static_cast<char>(c ^ (alteration.change == 0 ? 1 : alteration.change));
}

// What means the same is the same in the canonical form; hence the secret's holder signed it.
bool means_the_same(const Request& a, const Request& b) {
  const auto is_equal = [](const selvage::http::Header& x, const selvage::http::Header& y) {
    return same_ignoring_case(x.first, y.first) && trim(x.second) == trim(y.second);
  };
  const auto path = [](const Request& r) {
    return canonical_path(view(r).path(), PathRule::kNormalised);
  };
  return a.method == b.method && a.body == b.body && path(a) == path(b) &&
         canonical_query(view(a).query()) == canonical_query(view(b).query()) &&
         std::ranges::equal(a.headers, b.headers, is_equal);
}

// The request as a client would send it: without a signature, for one host.
Request unsigned_copy(Request request) {
  std::erase_if(request.headers, [](const selvage::http::Header& header) {
    const std::string name = to_lower(header.first);
    return name == "authorization" || name == "date" || name == "host" ||
           name.starts_with("x-amz-date") || name == "x-amz-content-sha256";
  });
  request.headers.emplace_back("Host", "queues:9324");
  return request;
}

bool is_signed(const Request& request, const std::string& name) {
  const std::string list = request.headers.back().second;
  const size_t begin = list.find("SignedHeaders=");
  const std::string names = ";" + list.substr(begin + 14, list.find(',', begin) - begin - 14) + ";";
  return names.contains(";" + to_lower(name) + ";");
}

// nullptr: there is nothing of that kind to alter.
std::string* part_of(Request& request, const Alteration& alteration) {
  if (alteration.where == 'm') return &request.method;
  if (alteration.where == 't') return &request.target;
  if (alteration.where == 'b') return request.body.empty() ? nullptr : &request.body;
  auto& header = request.headers[alteration.which / 16 % (request.headers.size() - 1)];
  return is_signed(request, header.first) ? &header.second : nullptr;
}

void check_in_header(Request request, const Alteration& alteration) {
  const Verifier verifier = verifier_for(kSecret);
  const auto added = sign({kId, kSecret, "us-east-1", "sqs"}, view(request), kNow);
  request.headers.insert(request.headers.end(), added.begin(), added.end());
  const auto is_authorization = [](const auto& h) { return h.first == "Authorization"; };
  const auto found = std::ranges::find_if(request.headers, is_authorization);
  SELVAGE_CHECK(found != request.headers.end());
  std::rotate(found, found + 1, request.headers.end());
  const auto verified = verifier.verify(view(request), kNow);
  SELVAGE_CHECK(verified && verified->key->id == kId);

  Request altered = request;
  if (alteration.where == 's') {
    std::string& value = altered.headers.back().second;
    const size_t begin = value.find("Signature=") + 10;
    std::string signature = value.substr(begin);
    alter(signature, alteration);
    value = value.substr(0, begin) + signature;
    if (trim(value) == trim(request.headers.back().second) || value.ends_with(' ')) return;
    SELVAGE_CHECK(!verifier.verify(view(altered), kNow));
  } else if (std::string* const part = part_of(altered, alteration)) {
    alter(*part, alteration);
    if (verifier.verify(view(altered), kNow)) SELVAGE_CHECK(means_the_same(request, altered));
  }
}

void check_in_query(Request request, const Alteration& alteration) {
  const Verifier verifier = verifier_for(kSecret);
  request.target =
      presign({kId, kSecret, "us-east-1", "sqs"}, view(request), kNow, std::chrono::seconds(60));
  SELVAGE_CHECK(verifier.verify(view(request), kNow));
  SELVAGE_CHECK(!verifier.verify(view(request), kNow + std::chrono::seconds(61)));
  Request altered = request;
  alter(altered.target, alteration);
  if (verifier.verify(view(altered), kNow)) SELVAGE_CHECK(means_the_same(request, altered));
}

bool brings_a_link(const Request& request) {
  return std::ranges::any_of(read_query(view(request).query()), [](const HeaderField& field) {
    return field.first.starts_with("X-Amz-");
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text = selvage::fuzz::as_text(data, size);
  const std::string_view how = selvage::fuzz::take_until(text, "\n");
  if (how.size() < 4) return 0;
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(how[at]); };
  const Alteration alteration{how[0], static_cast<size_t>(byte(1) * 256 + byte(2)), byte(3)};
  const Request request = selvage::fuzz::read_request(text);
  const auto stranger = verifier_for(kWritten).verify(view(request), kNow);
  SELVAGE_CHECK(!stranger && !stranger.error().sentence.empty());
  const Request plain = unsigned_copy(request);
  if (brings_a_link(plain)) return 0;
  if (alteration.where == 'q')
    check_in_query(plain, alteration);
  else
    check_in_header(plain, alteration);
  return 0;
}
