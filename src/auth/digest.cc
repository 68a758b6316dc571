// SPDX-License-Identifier: Apache-2.0
#include "auth/digest.h"

#include <openssl/evp.h>

#include <memory>

#include "base/bytes.h"
#include "base/check.h"
#include "base/log.h"

namespace selvage::auth {
namespace {

// Fetched once and reused per thread: an implicit fetch on each call doubles the price of a small
// digest (shared measurements, EVP_Digest against a fetched EVP_MD).
const EVP_MD* md5() {
  static const EVP_MD* const fetched = EVP_MD_fetch(nullptr, "MD5", nullptr);
  if (fetched == nullptr)
    log_error(
        "this machine's OpenSSL offers no MD5, which the SQS protocol needs: allow the "
        "default provider in its configuration");
  SELVAGE_CHECK(fetched != nullptr);
  return fetched;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::string md5_hex(std::string_view bytes) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  SELVAGE_CHECK(EVP_DigestInit_ex2(context.get(), md5(), nullptr) == 1 &&
                EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
                EVP_DigestFinal_ex(context.get(), digest, &size) == 1);
  return to_hex({reinterpret_cast<const char*>(digest), size});
}

}  // namespace selvage::auth
