// TlsServer: an HTTPS server for tests that decides which bytes of which TLS records leave
// together. One thread, one connection at a time; the certificate is made afresh and is its own
// authority.
#pragma once

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/fd.h"
#include "base/mutex.h"

namespace objclient {

// The way back to a client.
class TlsLine {
 public:
  TlsLine(int socket, SSL* tls) : socket_(socket), tls_(tls) {}
  // Makes a record of `plain` and keeps it back.
  void Record(std::string_view plain);
  // Sends what is kept back, in one piece, but for the last `but` bytes.
  void Send(std::size_t but = 0);
  // Ends the connection, behind what was sent.
  void End();

 private:
  const int socket_;
  SSL* const tls_;
  std::string kept_;
};

class TlsServer {
 public:
  // `answer` is called for every request with a head and no body.
  explicit TlsServer(std::function<void(TlsLine&)> answer);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::string Url(const std::string& path) const;
  const std::string& certificate() const { return certificate_; }  // PEM

 private:
  void Accept() EXCLUDES(mutex_);
  void Serve(int socket);

  const std::function<void(TlsLine&)> answer_;
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  const std::string certificate_;
  const base::UniqueFd listener_;
  base::Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  base::UniqueFd connection_ GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace objclient
