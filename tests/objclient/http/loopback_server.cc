#include "tests/objclient/http/loopback_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/check.h"
#include "objclient/http/http_message.h"

namespace objclient {

namespace {

// Reads until the buffer holds `size` bytes. False at the end of the connection.
bool Fill(int fd, std::string& buffer, std::size_t size) {
  char piece[65536];
  while (buffer.size() < size) {
    const ssize_t count = recv(fd, piece, sizeof piece, 0);
    if (count <= 0) return false;
    buffer.append(piece, static_cast<std::size_t>(count));
  }
  return true;
}

bool ReadHead(int fd, std::string& buffer, SeenRequest& request) {
  std::size_t end;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill(fd, buffer, buffer.size() + 1)) return false;
  }
  request.head = buffer.substr(0, end + 2);
  request.body.clear();
  buffer.erase(0, end + 4);
  return true;
}

bool ReadBody(int fd, std::string& buffer, SeenRequest& request) {
  std::size_t length = 0;
  for (std::size_t at = 0; at < request.head.size(); at = request.head.find('\n', at) + 1) {
    const auto header = ParseHeaderLine(request.head.substr(at, request.head.find('\n', at) - at));
    if (header && header->first == "Content-Length") length = *ParseDecimal(header->second);
  }
  if (!Fill(fd, buffer, length)) return false;
  request.body = buffer.substr(0, length);
  buffer.erase(0, length);
  return true;
}

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// What close() with SO_LINGER 0 does, while the descriptor stays.
void BreakOff(int fd) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  connect(fd, &nobody, sizeof nobody);
}

// False when the connection is over.
bool Send(int fd, std::string& buffer, const ScriptedAnswer& answer) {
  SendAll(fd, answer.bytes);
  if (answer.reset) {
    BreakOff(fd);
  } else if (answer.close) {
    shutdown(fd, SHUT_RDWR);
  } else if (answer.hang) {
    Fill(fd, buffer, SIZE_MAX);
  }
  return !answer.reset && !answer.close && !answer.hang;
}

}  // namespace

base::UniqueFd BindAt(const std::string& address, std::uint16_t port) {
  base::UniqueFd bound(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  CHECK(inet_pton(AF_INET, address.c_str(), &place.sin_addr) == 1);
  if (bind(bound.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) return {};
  return bound;
}

std::uint16_t PortOf(const base::UniqueFd& bound) {
  sockaddr_in place{};
  socklen_t size = sizeof place;
  CHECK(getsockname(bound.get(), reinterpret_cast<sockaddr*>(&place), &size) == 0);
  return ntohs(place.sin_port);
}

LoopbackServer::LoopbackServer(
    std::function<ScriptedAnswer(const SeenRequest&)> script,
    std::function<std::optional<ScriptedAnswer>(const SeenRequest&)> early, base::UniqueFd listener)
    : script_(std::move(script)),
      early_(std::move(early)),
      listener_(std::move(listener)),
      port_(PortOf(listener_)) {
  CHECK(listen(listener_.get(), 64) == 0);
  acceptor_ = std::thread([this] { Accept(); });
}

LoopbackServer::~LoopbackServer() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& connection : sockets_) shutdown(connection.get(), SHUT_RDWR);
  }
  shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  std::vector<std::thread> servers;
  {
    base::MutexLock lock(mutex_);
    servers.swap(servers_);
  }
  for (auto& server : servers) server.join();
}

std::string LoopbackServer::Url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

void LoopbackServer::Accept() {
  while (true) {
    base::UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return;
    ++connections_;
    const int fd = connection.get();
    base::MutexLock lock(mutex_);
    if (stopping_) return;
    sockets_.push_back(std::move(connection));
    servers_.emplace_back([this, fd] { Serve(fd); });
  }
}

void LoopbackServer::Serve(int fd) {
  std::string buffer;
  SeenRequest request;
  while (ReadHead(fd, buffer, request)) {
    if (const auto early = early_ ? early_(request) : std::nullopt) {
      Send(fd, buffer, *early);
      if (early->reset) return;
      break;
    }
    if (!ReadBody(fd, buffer, request)) break;
    if (!Send(fd, buffer, script_(request))) return;
  }
  shutdown(fd, SHUT_RDWR);
}

std::string Answer(const std::string& status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + status + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace objclient
