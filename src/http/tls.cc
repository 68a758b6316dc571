// SPDX-License-Identifier: Apache-2.0
#include "http/tls.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "process/fd.h"

namespace selvage::http {
namespace {

// Sealed one by one, because OpenSSL's buffer of what is to be sent never shrinks.
constexpr size_t kRecord = 16 << 10;

// For TLS 1.2; every suite of 1.3 is as good.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// In the form of the extension: its length, then the name.
constexpr std::array<unsigned char, 9> kProtocols = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, out_size, kProtocols.data(), kProtocols.size(), in, in_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Without it OpenSSL would ask the terminal for the password, and wait.
int no_password(char*, int, int, void*) {
  return -1;
}

// OpenSSL's own words for what went wrong last, which it is then made to forget.
std::string reason_of_failure() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "no reason is known";
}

Result<void> check_readable(const char* what, const std::string& file) {
  const process::Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd) return {};
  return failure(ErrorCode::kSettings,
                 fmt::format("cannot read the {} {}: {}", what, file, strerror(errno)));
}

Error mismatch(const TlsFiles& files) {
  ERR_clear_error();
  return {ErrorCode::kSettings, fmt::format("the TLS key in {} is not that of the certificate in "
                                            "{}: name a key and a certificate made for each other",
                                            files.key, files.certificate)};
}

Result<void> use_certificate(SSL_CTX* settings, const TlsFiles& files) {
  SELVAGE_TRY(check_readable("TLS certificate", files.certificate));
  if (SSL_CTX_use_certificate_chain_file(settings, files.certificate.c_str()) == 1) return {};
  return failure(ErrorCode::kSettings,
                 fmt::format("{} holds no TLS certificate in PEM form that can be used ({})",
                             files.certificate, reason_of_failure()));
}

Result<void> use_key(SSL_CTX* settings, const TlsFiles& files) {
  SELVAGE_TRY(check_readable("TLS key", files.key));
  if (SSL_CTX_use_PrivateKey_file(settings, files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
      return std::unexpected(mismatch(files));
    return failure(ErrorCode::kSettings,
                   fmt::format("{} holds no TLS key in PEM form, without a password, that can be "
                               "used ({})",
                               files.key, reason_of_failure()));
  }
  // A key of another kind than the certificate's was taken without a look at the certificate.
  if (SSL_CTX_check_private_key(settings) != 1) return std::unexpected(mismatch(files));
  return {};
}

}  // namespace

void TlsSession::Free::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

TlsSession::TlsSession(ssl_ctx_st* settings) : ssl_(SSL_new(settings)) {
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  SELVAGE_CHECK(ssl_ && in != nullptr && out != nullptr);  // unless memory has run out
  SSL_set_bio(ssl_.get(), in, out);                        // which it owns from now on
  SSL_set_accept_state(ssl_.get());
}

size_t TlsSession::unsent() const {
  return BIO_ctrl_pending(SSL_get_wbio(ssl_.get()));
}

bool TlsSession::over() const {
  return state_ == State::kRefused || state_ == State::kGone;
}

void TlsSession::receive(std::string_view sealed) {
  if (sealed.empty() || over()) return;
  size_t taken = 0;
  const int result = BIO_write_ex(SSL_get_rbio(ssl_.get()), sealed.data(), sealed.size(), &taken);
  SELVAGE_CHECK(result == 1 && taken == sealed.size());  // it is memory
}

size_t TlsSession::read(char* to, size_t room) {
  if (room == 0 || over()) return 0;
  ERR_clear_error();  // which SSL_get_error() would take for this call's
  size_t size = 0;
  const int result = SSL_read_ex(ssl_.get(), to, room, &size);
  const int error = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_.get()) != 0) state_ = State::kOpen;
  if (result == 1) return size;
  if (error != SSL_ERROR_WANT_READ)
    state_ = state_ == State::kOpen ? State::kGone : State::kRefused;
  return 0;
}

void TlsSession::seal(std::string_view plain, std::string& out) {
  take_sealed(out);
  ERR_clear_error();
  while (!plain.empty() && state_ == State::kOpen) {
    size_t size = 0;
    const std::string_view record = plain.substr(0, kRecord);
    if (SSL_write_ex(ssl_.get(), record.data(), record.size(), &size) != 1) state_ = State::kGone;
    plain.remove_prefix(size);
    take_sealed(out);
  }
}

void TlsSession::end(std::string& out) {
  if (state_ != State::kOpen) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());  // says so once, and does not wait for the peer to say it too
  ERR_clear_error();
  take_sealed(out);
}

void TlsSession::take_sealed(std::string& out) {
  size_t size = unsent();
  if (size == 0) return;
  const size_t before = out.size();
  out.resize(before + size);
  BIO_read_ex(SSL_get_wbio(ssl_.get()), out.data() + before, size, &size);
  out.resize(before + size);
}

void Tls::Free::operator()(ssl_ctx_st* settings) const {
  SSL_CTX_free(settings);
}

Tls::Tls(TlsFiles files, Settings settings)
    : files_(std::move(files)), settings_(std::move(settings)) {}

Result<Tls::Settings> Tls::read_files(const TlsFiles& files) {
  if (files.certificate.empty() || files.key.empty())
    return failure(ErrorCode::kSettings, "TLS needs both a certificate file and a key file");
  ERR_clear_error();
  Settings settings(SSL_CTX_new(TLS_server_method()));
  SELVAGE_CHECK(settings);
  SSL_CTX* const raw = settings.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);          // idle connections are many
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);  // clients keep tickets
  SSL_CTX_set_default_passwd_cb(raw, no_password);
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  SELVAGE_CHECK(SSL_CTX_set_cipher_list(raw, kCiphers) == 1);
  SELVAGE_TRY(use_certificate(raw, files));
  SELVAGE_TRY(use_key(raw, files));
  return settings;
}

Result<std::shared_ptr<Tls>> Tls::load(const TlsFiles& files) {
  auto settings = read_files(files);
  if (!settings) return std::unexpected(std::move(settings).error());
  return std::shared_ptr<Tls>(new Tls(files, std::move(*settings)));
}

Result<void> Tls::reload() {
  auto settings = read_files(files_);
  if (!settings) return std::unexpected(std::move(settings).error());
  const std::lock_guard lock(mutex_);
  settings_ = std::move(*settings);  // sessions share the old ones as long as they need them
  return {};
}

std::unique_ptr<TlsSession> Tls::accept() {
  const std::lock_guard lock(mutex_);
  return std::make_unique<TlsSession>(settings_.get());
}

}  // namespace selvage::http
