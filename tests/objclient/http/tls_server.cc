#include "tests/objclient/http/tls_server.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include "base/check.h"
#include "tests/objclient/http/loopback_server.h"

namespace objclient {

namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
using Memory = std::unique_ptr<BIO, int (*)(BIO*)>;
using Tls = std::unique_ptr<SSL, void (*)(SSL*)>;

constexpr long kDay = 24L * 3600;

void Say(X509* certificate, int what, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
  CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

// Puts a key and a certificate for 127.0.0.1 into `context`; answers the certificate.
std::string Certify(SSL_CTX* context) {
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate made(X509_new(), &X509_free);
  X509_set_version(made.get(), 2);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kDay);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* name = X509_get_subject_name(made.get());
  const auto* text = reinterpret_cast<const unsigned char*>("127.0.0.1");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  Say(made.get(), NID_subject_alt_name, "IP:127.0.0.1");
  Say(made.get(), NID_basic_constraints, "CA:TRUE");
  CHECK(X509_sign(made.get(), key.get(), EVP_sha256()) > 0);
  CHECK(SSL_CTX_use_certificate(context, made.get()) == 1);
  CHECK(SSL_CTX_use_PrivateKey(context, key.get()) == 1);
  const Memory pem(BIO_new(BIO_s_mem()), &BIO_free);
  CHECK(PEM_write_bio_X509(pem.get(), made.get()) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(pem.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

void SendAll(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// What TLS wants to have sent.
std::string Outgoing(SSL* tls) {
  std::string bytes;
  char piece[16384];
  int count = 0;
  while ((count = BIO_read(SSL_get_wbio(tls), piece, sizeof piece)) > 0) {
    bytes.append(piece, static_cast<std::size_t>(count));
  }
  return bytes;
}

// Reads plain bytes into `buffer`, the handshake first. False at the end of the connection.
bool Fill(int socket, SSL* tls, std::string& buffer) {
  while (true) {
    char plain[4096];
    const int count = SSL_read(tls, plain, sizeof plain);
    SendAll(socket, Outgoing(tls));
    if (count > 0) {
      buffer.append(plain, static_cast<std::size_t>(count));
      return true;
    }
    if (SSL_get_error(tls, count) != SSL_ERROR_WANT_READ) return false;
    char sealed[16384];
    const ssize_t got = recv(socket, sealed, sizeof sealed, 0);
    if (got <= 0) return false;
    BIO_write(SSL_get_rbio(tls), sealed, static_cast<int>(got));
  }
}

}  // namespace

void TlsLine::Record(std::string_view plain) {
  CHECK(SSL_write(tls_, plain.data(), static_cast<int>(plain.size())) > 0);
  kept_ += Outgoing(tls_);
}

void TlsLine::Send(std::size_t but) {
  const std::size_t size = kept_.size() - but;
  SendAll(socket_, std::string_view(kept_).substr(0, size));
  kept_.erase(0, size);
}

void TlsLine::End() {
  SSL_shutdown(tls_);
  SendAll(socket_, Outgoing(tls_));
  shutdown(socket_, SHUT_WR);
}

TlsServer::TlsServer(std::function<void(TlsLine&)> answer)
    : answer_(std::move(answer)),
      context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free),
      certificate_(Certify(context_.get())),
      listener_(BindAt("127.0.0.1", 0)) {
  CHECK(listen(listener_.get(), 8) == 0);
  thread_ = std::thread([this] { Accept(); });
}

TlsServer::~TlsServer() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    if (connection_) shutdown(connection_.get(), SHUT_RDWR);
  }
  shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
}

std::string TlsServer::Url(const std::string& path) const {
  return "https://127.0.0.1:" + std::to_string(PortOf(listener_)) + path;
}

void TlsServer::Accept() {
  while (true) {
    base::UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    const int socket = connection.get();
    {
      base::MutexLock lock(mutex_);
      if (stopping_) return;
      connection_ = std::move(connection);
    }
    Serve(socket);
    base::MutexLock lock(mutex_);
    connection_.Reset();
  }
}

void TlsServer::Serve(int socket) {
  const Tls tls(SSL_new(context_.get()), &SSL_free);
  SSL_set_bio(tls.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_accept_state(tls.get());
  std::string buffer;
  while (Fill(socket, tls.get(), buffer)) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) != std::string::npos) {
      buffer.erase(0, end + 4);
      TlsLine line(socket, tls.get());
      answer_(line);
    }
  }
}

}  // namespace objclient
