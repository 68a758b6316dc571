// SPDX-License-Identifier: Apache-2.0
#include "http/tls.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "http/server_fixture.h"
#include "http/tls_fixture.h"

namespace selvage::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// PEM files in a folder of the test's own.
class Files {
 public:
  Files() {
    std::string folder = testing::TempDir() + "selvage-tls-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    put(kFirst.certificate, kFirst.key);
  }
  ~Files() { std::filesystem::remove_all(folder_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  TlsFiles names() const { return {folder_ / "chain.pem", folder_ / "key.pem"}; }
  void put(std::string_view certificate, std::string_view key) const {
    std::ofstream(names().certificate) << certificate;
    std::ofstream(names().key) << key;
  }

 private:
  std::filesystem::path folder_;
};

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// A client that speaks TLS over one blocking socket and believes every certificate.
class SecurePeer {
 public:
  explicit SecurePeer(uint16_t port) : plain_(port), context_(SSL_CTX_new(TLS_client_method())) {}

  SSL_CTX* settings() { return context_.get(); }  // to be changed before the handshake
  Peer& below() { return plain_; }

  bool shake_hands(SSL_SESSION* earlier = nullptr) {
    ssl_.reset(SSL_new(context_.get()));
    if (earlier != nullptr) SSL_set_session(ssl_.get(), earlier);
    SSL_set_fd(ssl_.get(), plain_.handle());
    return SSL_connect(ssl_.get()) == 1;
  }
  std::string certificate() {  // its common name
    const std::unique_ptr<X509, decltype(&X509_free)> one(SSL_get1_peer_certificate(ssl_.get()),
                                                          &X509_free);
    std::array<char, 100> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(one.get()), NID_commonName, name.data(),
                              name.size());
    return name.data();
  }
  std::string protocol() {  // that ALPN chose
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }
  SSL* ssl() { return ssl_.get(); }

  bool write(std::string_view text) {
    size_t size = 0;
    return SSL_write_ex(ssl_.get(), text.data(), text.size(), &size) == 1 && size == text.size();
  }
  std::string read(size_t size) {  // less when the connection ends before
    std::string text(size, '\0');
    size_t done = 0;
    for (size_t n = 0; done < size && SSL_read_ex(ssl_.get(), &text[done], size - done, &n) == 1;)
      done += n;
    text.resize(done);
    return text;
  }
  // The body of an answer of that size.
  std::string body(size_t size) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const std::string one = read(1);
      if (one.empty()) return {};
      head += one;
    }
    return read(size);
  }
  bool ended_properly() {  // by close_notify
    char byte = 0;
    size_t size = 0;
    const int result = SSL_read_ex(ssl_.get(), &byte, 1, &size);
    return SSL_get_error(ssl_.get(), result) == SSL_ERROR_ZERO_RETURN;
  }

 private:
  Peer plain_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

class TlsServer : public testing::Test {
 protected:
  TlsServer() { std::signal(SIGPIPE, SIG_IGN); }  // OpenSSL writes to sockets that are closed

  ServerOptions options() const { return {.threads = 1, .tls = files_.names()}; }
  void serve_with(Handler& handler, const ServerOptions& options) {
    server_ = serve(handler, options);
  }
  uint16_t port() const { return server_->port(); }

  Files files_;
  Echo echo_;
  Desk desk_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsServer, RequestsAreAnsweredOnOneConnection) {
  serve_with(echo_, options());
  SecurePeer peer(port());
  ASSERT_TRUE(peer.shake_hands());
  EXPECT_EQ(peer.certificate(), kFirst.name);
  for (int i = 0; i < 3; i++) {
    ASSERT_TRUE(peer.write(post(std::to_string(i))));
    EXPECT_EQ(peer.body(3), fmt::format("/ {}", i));
  }
}

TEST_F(TlsServer, BothVersionsOfTlsAreSpokenAndNoOlderOne) {
  serve_with(echo_, options());
  for (const int version : {TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION}) {
    SecurePeer peer(port());
    SSL_CTX_set_security_level(peer.settings(), 0);  // or the client would refuse the old one
    SSL_CTX_set_min_proto_version(peer.settings(), version);
    SSL_CTX_set_max_proto_version(peer.settings(), version);
    EXPECT_EQ(peer.shake_hands(), version != TLS1_1_VERSION) << version;
  }
}

TEST_F(TlsServer, Http11IsChosenByAlpnAndNothingElseIsSpoken) {
  serve_with(echo_, options());
  const auto offer = [this](std::string_view names) {
    SecurePeer peer(port());
    SSL_CTX_set_alpn_protos(peer.settings(), reinterpret_cast<const unsigned char*>(names.data()),
                            static_cast<unsigned>(names.size()));
    return peer.shake_hands() ? peer.protocol() : "refused";
  };
  EXPECT_EQ(offer("\x02h2\x08http/1.1"), "http/1.1");
  EXPECT_EQ(offer("\x02h2"), "refused");
}

TEST_F(TlsServer, LargeBodiesAndPipelinedRequestsPass) {
  serve_with(echo_, options());
  SecurePeer peer(port());
  ASSERT_TRUE(peer.shake_hands());
  const std::string body(5 << 20, 'x');
  ASSERT_TRUE(peer.write(post(body)));
  EXPECT_EQ(peer.body(body.size() + 2), "/ " + body);
  std::string requests;
  for (int i = 0; i < 2000; i++) requests += get(fmt::format("/{}", i % 10));
  ASSERT_TRUE(peer.write(requests));
  for (int i = 0; i < 2000; i++) ASSERT_EQ(peer.body(3), fmt::format("/{} ", i % 10));
}

TEST_F(TlsServer, BytesMayArriveOneByOne) {
  serve_with(echo_, options());
  SecurePeer peer(port());
  ASSERT_TRUE(peer.shake_hands());
  for (const char c : post("a")) ASSERT_TRUE(peer.write({&c, 1}));
  EXPECT_EQ(peer.body(3), "/ a");
}

TEST_F(TlsServer, SessionIsResumedByTicket) {
  serve_with(echo_, options());
  SecurePeer first(port());
  ASSERT_TRUE(first.shake_hands());
  ASSERT_TRUE(first.write(post("a")));
  EXPECT_EQ(first.body(3), "/ a");  // the tickets came before
  SecurePeer second(port());
  ASSERT_TRUE(second.shake_hands(SSL_get_session(first.ssl())));
  EXPECT_EQ(SSL_session_reused(second.ssl()), 1);
}

TEST_F(TlsServer, KeysMayBeRenewed) {
  serve_with(echo_, options());
  SecurePeer peer(port());
  ASSERT_TRUE(peer.shake_hands());
  for (int i = 0; i < 100; i++) {
    ASSERT_EQ(SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_TRUE(peer.write("\r\n"));  // carries the update; means nothing before a request
  }
  ASSERT_TRUE(peer.write(post("a")));
  EXPECT_EQ(peer.body(3), "/ a");
}

TEST_F(TlsServer, AnswerThatIsTheLastEndsWithTlssOwnGoodbye) {
  serve_with(echo_, options());
  SecurePeer peer(port());
  ASSERT_TRUE(peer.shake_hands());
  ASSERT_TRUE(peer.write("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"));
  EXPECT_EQ(peer.body(3), "/a ");
  EXPECT_TRUE(peer.ended_properly());
}

TEST_F(TlsServer, MalformedRequestIsRefusedInsideTls) {
  serve_with(echo_, options());
  SecurePeer peer(port());
  ASSERT_TRUE(peer.shake_hands());
  ASSERT_TRUE(peer.write("nonsense\r\n\r\n"));
  EXPECT_THAT(peer.read(13), "HTTP/1.1 400 ");
  EXPECT_THAT(peer.read(10'000), HasSubstr("Connection: close"));
}

TEST_F(TlsServer, ConnectionKnowsItsPeerAndWhetherItIsSecure) {
  serve_with(desk_, options());
  SecurePeer secure(port());
  ASSERT_TRUE(secure.shake_hands());
  ASSERT_TRUE(secure.write(get("/")));
  const Visit first = desk_.take();
  EXPECT_TRUE(first.connection->secure());
  EXPECT_EQ(first.connection->peer(), "127.0.0.1");
  Peer plain(port());
  plain.write(get("/"));
  const Visit second = desk_.take();
  EXPECT_FALSE(second.connection->secure());
  EXPECT_EQ(second.connection->peer(), "127.0.0.1");
}

TEST_F(TlsServer, PeerThatVanishesDuringTheAnswerIsNoticedHoweverItGoes) {
  serve_with(desk_, options());
  const std::function<void(SecurePeer&)> ways[] = {
      [](SecurePeer& peer) { peer.below().hang_up(); },
      [](SecurePeer& peer) { peer.below().reset(); },
      [](SecurePeer& peer) { shutdown(peer.below().handle(), SHUT_WR); },  // only stops sending
      [](SecurePeer& peer) { SSL_shutdown(peer.ssl()); },                  // says so inside TLS
      [](SecurePeer& peer) { peer.below().write("no TLS at all"); },
  };
  for (const auto& go : ways) {
    SecurePeer peer(port());
    ASSERT_TRUE(peer.shake_hands());
    ASSERT_TRUE(peer.write(get("/")));
    Visit visit = desk_.take();
    const auto closed = closing(*visit.connection);
    go(peer);
    closed.wait();
    visit.responder.send(text("too late"));
  }
}

TEST_F(TlsServer, PeerThatVanishesBetweenRequestsIsNoticed) {
  serve_with(desk_, options());
  SecurePeer peer(port());
  ASSERT_TRUE(peer.shake_hands());
  ASSERT_TRUE(peer.write(get("/")));
  Visit visit = desk_.take();
  const auto closed = closing(*visit.connection);
  visit.responder.send(text("a"));
  EXPECT_EQ(peer.body(1), "a");
  SSL_shutdown(peer.ssl());
  closed.wait();
}

TEST_F(TlsServer, HandshakeThatDoesNotEndIsClosed) {
  ServerOptions hasty = options();
  hasty.head_deadline = Duration(1);
  serve_with(echo_, hasty);
  Peer greeting(port());
  greeting.write(std::string_view("\x16\x03\x01\x02", 4));
  EXPECT_EQ(greeting.rest(), "");
}

TEST_F(TlsServer, RequestThatDoesNotArriveIsRefused) {
  ServerOptions hasty = options();
  hasty.head_deadline = Duration(1);
  serve_with(echo_, hasty);
  std::string answer;
  while (answer.empty()) {  // again on a machine so slow that the handshake took too long
    SecurePeer peer(port());
    if (peer.shake_hands() && peer.write("GET / HT")) answer = peer.read(13);
  }
  EXPECT_EQ(answer, "HTTP/1.1 408 ");
}

TEST_F(TlsServer, NonsenseInTheHandshakeEndsTheConnection) {
  serve_with(echo_, options());
  Peer peer(port());
  peer.write("\x16 this is no greeting of TLS, whatever its first byte says");
  EXPECT_EQ(peer.rest(), "");
}

TEST_F(TlsServer, RefusedHandshakeIsExplainedToThePeer) {
  serve_with(echo_, options());
  SecurePeer peer(port());
  SSL_CTX_set_max_proto_version(peer.settings(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(peer.settings(), "AES256-SHA");
  ERR_clear_error();
  EXPECT_FALSE(peer.shake_hands());
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
}

TEST_F(TlsServer, HundredsThatComeAndGoLeaveNothingBehind) {
  serve_with(echo_, options());
  const int before = open_descriptors();
  for (int i = 0; i < 400; i++) {
    SecurePeer peer(port());
    if (i % 4 == 0) peer.below().write("\x16\x03\x01");
    if (i % 4 != 0) {
      ASSERT_TRUE(peer.shake_hands());
    }
    if (i % 4 >= 2) peer.write(post("a").substr(0, i % 4 == 2 ? 1000 : 10));
    i % 8 < 4 ? peer.below().hang_up() : peer.below().reset();
  }
  EXPECT_TRUE(eventually([&] { return open_descriptors() == before; })) << open_descriptors();
}

TEST_F(TlsServer, PlainRequestsFromThisHostAreAnswered) {
  serve_with(echo_, options());
  Peer peer(port());
  peer.write(post("a"));
  EXPECT_EQ(peer.body(), "/ a");
}

TEST_F(TlsServer, PlainRequestsFromElsewhereAreToldToSpeakHttps) {
  ServerOptions strict = options();
  strict.plain_from_this_host = false;  // so that this host is like any other
  serve_with(echo_, strict);
  Peer peer(port());
  peer.write(post("a"));
  const std::string all = peer.rest();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(all, HasSubstr("\r\n\r\nThis address speaks HTTPS"));
  SecurePeer secure(port());
  EXPECT_TRUE(secure.shake_hands());
}

TEST_F(TlsServer, GreetingOfTlsWithoutTlsIsRefused) {
  serve_with(echo_, {.threads = 1});
  SecurePeer peer(port());
  EXPECT_FALSE(peer.shake_hands());
  EXPECT_TRUE(server_->reload_tls());
}

TEST_F(TlsServer, ReloadChangesTheCertificateOfNewConnectionsOnly) {
  serve_with(echo_, options());
  SecurePeer old(port());
  ASSERT_TRUE(old.shake_hands());
  files_.put(kSecond.certificate, kSecond.key);
  const auto reloaded = server_->reload_tls();
  ASSERT_TRUE(reloaded) << reloaded.error().message;
  SecurePeer fresh(port());
  ASSERT_TRUE(fresh.shake_hands());
  EXPECT_EQ(fresh.certificate(), kSecond.name);
  ASSERT_TRUE(old.write(post("a")));
  EXPECT_EQ(old.body(3), "/ a");
}

TEST_F(TlsServer, FilesThatCannotBeUsedAreExplainedAndTheOldOnesStay) {
  serve_with(echo_, options());
  const auto [certificate, key] = files_.names();
  const struct {
    const char* what;
    std::function<void()> spoil;
    std::string sentence;
  } cases[] = {
      {"the key of another certificate", [&] { files_.put(kSecond.certificate, kFirst.key); },
       "the TLS key in " + key + " is not that of the certificate in " + certificate},
      {"a key of another kind", [&] { files_.put(kFirst.certificate, kForeignKey); },
       "the TLS key in " + key + " is not that of the certificate in " + certificate},
      {"a locked key", [&] { files_.put(kFirst.certificate, kLockedKey); },
       key + " holds no TLS key in PEM form, without a password"},
      {"no key", [&] { files_.put(kFirst.certificate, "no key"); },
       key + " holds no TLS key in PEM form"},
      {"no certificate", [&] { files_.put("", kFirst.key); },
       certificate + " holds no TLS certificate in PEM form"},
      {"no key file", [&] { std::filesystem::remove(key); },
       "cannot read the TLS key " + key + ": No such file or directory"},
      {"no certificate file", [&] { std::filesystem::remove(certificate); },
       "cannot read the TLS certificate " + certificate + ": No such file or directory"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    files_.put(kFirst.certificate, kFirst.key);
    c.spoil();
    const auto reloaded = server_->reload_tls();
    ASSERT_FALSE(reloaded);
    EXPECT_EQ(reloaded.error().code, ErrorCode::kSettings);
    EXPECT_THAT(reloaded.error().message, StartsWith(c.sentence));
    SecurePeer peer(port());
    ASSERT_TRUE(peer.shake_hands());
    EXPECT_EQ(peer.certificate(), kFirst.name);
    const auto second = Server::listen(options(), echo_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::kSettings);
    EXPECT_EQ(second.error().message, reloaded.error().message);
  }
}

TEST_F(TlsServer, OneFileWithoutTheOtherIsASetting) {
  ServerOptions half = options();
  half.tls.key.clear();
  const auto server = Server::listen(half, echo_);
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, ErrorCode::kSettings);
  EXPECT_THAT(server.error().message, HasSubstr("needs both"));
}

TEST_F(TlsServer, DrainWaitsForTheAnswerAndSaysGoodbye) {
  serve_with(desk_, options());
  SecurePeer peer(port());
  ASSERT_TRUE(peer.shake_hands());
  ASSERT_TRUE(peer.write(get("/")));
  Visit visit = desk_.take();
  auto drained = std::async(std::launch::async, [&] { server_->drain(std::chrono::hours(1)); });
  while (Peer(port()).connected()) {  // until the drain has begun
  }
  visit.responder.send(text("a"));
  EXPECT_EQ(peer.body(1), "a");
  EXPECT_TRUE(peer.ended_properly());
  drained.wait();
}

// A client and a session of ours, without sockets.
class TlsInMemory : public testing::Test {
 protected:
  TlsInMemory() : context_(SSL_CTX_new(TLS_client_method())), client_(SSL_new(context_.get())) {
    SSL_set_bio(client_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    for (int flight = 0; flight < 3; flight++) {
      SSL_connect(client_.get());
      EXPECT_EQ(to_session(), "");
      to_client();
    }
    EXPECT_EQ(session_->state(), TlsSession::State::kOpen);
  }

  // Brings over what the client has to send; the plain bytes in it.
  std::string to_session() {
    std::string sealed(BIO_ctrl_pending(SSL_get_wbio(client_.get())), '\0');
    BIO_read(SSL_get_wbio(client_.get()), sealed.data(), static_cast<int>(sealed.size()));
    session_->receive(sealed);
    std::array<char, 7> plain{};  // few, so that a record needs several reads
    std::string all;
    while (const size_t size = session_->read(plain.data(), plain.size()))
      all.append(plain.data(), size);
    return all;
  }
  void to_client(std::string_view plain = {}) {
    std::string sealed;
    session_->seal(plain, sealed);
    BIO_write(SSL_get_rbio(client_.get()), sealed.data(), static_cast<int>(sealed.size()));
  }
  void client_writes(std::string_view plain) {
    SSL_write(client_.get(), plain.data(), static_cast<int>(plain.size()));
  }

  Files files_;
  std::unique_ptr<TlsSession> session_ = (*Tls::load(files_.names()))->accept();
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  std::unique_ptr<SSL, FreeSsl> client_;
};

TEST_F(TlsInMemory, PlainBytesPassBothWays) {
  client_writes("a question that is longer than the buffer");
  EXPECT_EQ(to_session(), "a question that is longer than the buffer");
  to_client("an answer");
  std::array<char, 100> answer{};
  ASSERT_EQ(SSL_read(client_.get(), answer.data(), answer.size()), 9);
  EXPECT_STREQ(answer.data(), "an answer");
}

// A peer that asks again and again and reads nothing must not be read on: see read_on().
TEST_F(TlsInMemory, AnswersToRequestsForNewKeysAreCountedUntilTheyAreSealed) {
  for (int i = 0; i < 100; i++) {
    ASSERT_EQ(SSL_key_update(client_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    client_writes("a");
    ASSERT_EQ(to_session(), "a");
  }
  EXPECT_GT(session_->unsent(), 1000u);
  to_client();
  EXPECT_EQ(session_->unsent(), 0u);
}

TEST_F(TlsInMemory, NothingIsReadOrKeptAfterTheEnd) {
  SSL_shutdown(client_.get());
  EXPECT_EQ(to_session(), "");
  EXPECT_EQ(session_->state(), TlsSession::State::kGone);
  session_->receive("more");
  EXPECT_EQ(to_session(), "");
}

TEST_F(TlsInMemory, AlteredBytesEndTheSession) {
  client_writes("a");
  std::string sealed(BIO_ctrl_pending(SSL_get_wbio(client_.get())), '\0');
  BIO_read(SSL_get_wbio(client_.get()), sealed.data(), static_cast<int>(sealed.size()));
  sealed.back() = static_cast<char>(sealed.back() ^ 1);
  session_->receive(sealed);
  char plain = 0;
  EXPECT_EQ(session_->read(&plain, 1), 0u);
  EXPECT_EQ(session_->state(), TlsSession::State::kGone);
}

}  // namespace
}  // namespace selvage::http
