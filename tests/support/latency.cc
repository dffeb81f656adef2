// latency: a TCP proxy that gives a store on this machine the shape of a far one. Each answer comes
// so much later, and each connection carries so many bytes a second each way; the bytes themselves
// pass unchanged and uncopied (splice), so signatures and TLS stay valid.
//
//   latency --target 127.0.0.1:9000 --listen 9001 --delay-ms 20 --rate-mb 90
//
// Prints "listening on 127.0.0.1:PORT" once it does, and ends with the process that started it. One
// thread: a loopback connection is faster than the processes at its ends.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/fd.h"

namespace {

using Clock = std::chrono::steady_clock;
using base::UniqueFd;

constexpr std::size_t kStepBytes = 128 * 1024;  // moved at a time; also the grain of the rate
// How far behind its rate a stream may catch up: the proxy's own wake-ups come late.
constexpr std::chrono::milliseconds kBurst{5};

struct Shape {
  std::chrono::nanoseconds delay;
  double bytes_per_s;
};

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "latency: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

// Who waits for which moment.
template <typename Who>
class Alarms {
 public:
  void Set(Clock::time_point when, Who* who) { alarms_.emplace(when, who); }
  void Cancel(Clock::time_point when, Who* who) { alarms_.erase({when, who}); }
  // One whose moment has come; nullptr when there is none.
  Who* Take(Clock::time_point now) {
    if (alarms_.empty() || alarms_.begin()->first > now) return nullptr;
    Who* who = alarms_.begin()->second;
    alarms_.erase(alarms_.begin());
    return who;
  }
  // The time until the next one, in `storage`; nullptr = for ever.
  timespec* Until(Clock::time_point now, timespec& storage) const {
    if (alarms_.empty()) return nullptr;
    const auto left = std::max(alarms_.begin()->first - now, Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    storage = {seconds.count(), (left - seconds).count()};
    return &storage;
  }

 private:
  std::set<std::pair<Clock::time_point, Who*>> alarms_;
};

// One direction of a connection: from a socket through a pipe into the other socket.
class Stream {
 public:
  enum class State : std::uint8_t { kOpen, kEnded, kBroken };

  Stream(int from, int to, double bytes_per_s, Alarms<Stream>& alarms)
      : from_(from), to_(to), bytes_per_s_(bytes_per_s), alarms_(alarms) {}
  ~Stream() { CancelAlarm(); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  bool Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    out_ = UniqueFd(ends[0]);
    in_ = UniqueFd(ends[1]);
    fcntl(in_.get(), F_SETPIPE_SZ, static_cast<int>(kStepBytes));
    return true;
  }

  State state() const { return state_; }
  // Bytes that came in, and all later ones, wait until then.
  void Hold(Clock::time_point until) { due_ = std::max(due_, until); }

  // Moves what may move now. `on_arrival` is called before the bytes that came in go on.
  template <typename OnArrival>
  void Pump(Clock::time_point now, const OnArrival& on_arrival) {
    CancelAlarm();
    while (state_ == State::kOpen) {
      if (in_pipe_ > 0) {
        if (due_ > now) return SetAlarm();
        if (!Drain(now)) return;
      }
      if (!Fill()) return;
      if (in_pipe_ > 0) on_arrival();
    }
  }

 private:
  void SetAlarm() {
    alarm_ = due_;
    alarms_.Set(due_, this);
  }
  void CancelAlarm() { alarms_.Cancel(std::exchange(alarm_, {}), this); }

  // False when there is nothing to take now.
  bool Fill() {
    const ssize_t got =
        splice(from_, nullptr, in_.get(), nullptr, kStepBytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (got > 0) {
      in_pipe_ = static_cast<std::size_t>(got);
      return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    state_ = got == 0 ? State::kEnded : State::kBroken;
    if (got == 0) shutdown(to_, SHUT_WR);
    return false;
  }

  // False when the other side takes no more now. A stream that waited for long starts afresh.
  bool Drain(Clock::time_point now) {
    while (in_pipe_ > 0) {
      const ssize_t put =
          splice(out_.get(), nullptr, to_, nullptr, in_pipe_, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (put < 0 && errno == EAGAIN) return false;
      if (put <= 0) {
        state_ = State::kBroken;
        return false;
      }
      in_pipe_ -= static_cast<std::size_t>(put);
      due_ = std::max(due_, now - kBurst) + std::chrono::nanoseconds(static_cast<std::int64_t>(
                                                static_cast<double>(put) / bytes_per_s_ * 1e9));
    }
    return true;
  }

  const int from_;
  const int to_;
  const double bytes_per_s_;
  Alarms<Stream>& alarms_;
  UniqueFd in_;  // the pipe's ends
  UniqueFd out_;
  std::size_t in_pipe_ = 0;
  State state_ = State::kOpen;
  Clock::time_point due_{};    // nothing goes on earlier
  Clock::time_point alarm_{};  // the one that is set
};

// A client's connection and ours to the store.
class Link {
 public:
  Link(UniqueFd client, UniqueFd server, const Shape& shape, Alarms<Stream>& alarms)
      : client_(std::move(client)),
        server_(std::move(server)),
        shape_(shape),
        up_(client_.get(), server_.get(), shape.bytes_per_s, alarms),
        down_(server_.get(), client_.get(), shape.bytes_per_s, alarms) {}

  bool Open() { return up_.Open() && down_.Open(); }
  int client() const { return client_.get(); }
  int server() const { return server_.get(); }
  const Stream* up() const { return &up_; }
  const Stream* down() const { return &down_; }

  // False when the link is over.
  bool Pump(Clock::time_point now) {
    up_.Pump(now, [this] { asked_ = true; });
    // What comes first after something was asked is the beginning of its answer.
    down_.Pump(now, [this, now] {
      if (std::exchange(asked_, false)) down_.Hold(now + shape_.delay);
    });
    if (up_.state() == Stream::State::kBroken || down_.state() == Stream::State::kBroken) {
      Reset();
      return false;
    }
    return up_.state() == Stream::State::kOpen || down_.state() == Stream::State::kOpen;
  }

 private:
  // Both sides see what one of them did.
  void Reset() {
    const linger at_once{1, 0};
    for (const int fd : {client(), server()}) {
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
  }

  const UniqueFd client_;
  const UniqueFd server_;
  const Shape& shape_;
  bool asked_ = false;
  Stream up_;
  Stream down_;
};

class FarStore {
 public:
  FarStore(const sockaddr_in& target, Shape shape)
      : target_(target), shape_(shape), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) Die("epoll");
  }

  // Answers the port. 0 = any that is free.
  std::uint16_t Listen(std::uint16_t port) {
    listener_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_port = htons(port);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    auto* address = reinterpret_cast<sockaddr*>(&here);
    if (bind(listener_.get(), address, size) != 0 || listen(listener_.get(), SOMAXCONN) != 0 ||
        getsockname(listener_.get(), address, &size) != 0) {
      Die("listen on port " + std::to_string(port));
    }
    Watch(listener_.get(), EPOLLIN);
    return ntohs(here.sin_port);
  }

  [[noreturn]] void Run() {
    std::array<epoll_event, 256> events{};
    while (true) {
      timespec left{};
      const int count = epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()),
                                     alarms_.Until(Clock::now(), left), nullptr);
      if (count < 0 && errno != EINTR) Die("epoll");
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_.get()) {
          Accept();
        } else {
          Pump(by_socket_, fd);
        }
      }
      const auto now = Clock::now();
      while (Stream* stream = alarms_.Take(now)) Pump(by_stream_, stream);
    }
  }

 private:
  void Watch(int fd, std::uint32_t what) {
    epoll_event event{};
    event.events = what;
    event.data.fd = fd;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) Die("watch a socket");
  }

  void Accept() {
    while (true) {
      UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!client) return;
      UniqueFd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      const int connected =
          connect(server.get(), reinterpret_cast<const sockaddr*>(&target_), sizeof target_);
      if (connected != 0 && errno != EINPROGRESS) continue;
      const int on = 1;
      for (const int fd : {client.get(), server.get()}) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      }
      // shared_ptr: found by each of its sockets and streams.
      auto link = std::make_shared<Link>(std::move(client), std::move(server), shape_, alarms_);
      if (!link->Open()) continue;
      for (const int fd : {link->client(), link->server()}) {
        Watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
        by_socket_[fd] = link;
      }
      by_stream_[link->up()] = by_stream_[link->down()] = link;
    }
  }

  template <typename Key, typename Map>
  void Pump(const Map& map, const Key& key) {
    const auto found = map.find(key);
    if (found == map.end()) return;  // gone with an event before this one
    const std::shared_ptr<Link> link = found->second;
    if (link->Pump(Clock::now())) return;
    by_socket_.erase(link->client());
    by_socket_.erase(link->server());
    by_stream_.erase(link->up());
    by_stream_.erase(link->down());
  }

  const sockaddr_in target_;
  const Shape shape_;
  const UniqueFd epoll_;
  UniqueFd listener_;
  Alarms<Stream> alarms_;
  std::unordered_map<int, std::shared_ptr<Link>> by_socket_;
  std::unordered_map<const Stream*, std::shared_ptr<Link>> by_stream_;
};

sockaddr_in Target(const std::string& text) {
  const auto colon = text.rfind(':');
  sockaddr_in target{};
  target.sin_family = AF_INET;
  const std::string host = text.substr(0, colon);
  const int port = colon == std::string::npos ? 0 : std::atoi(text.c_str() + colon + 1);
  const bool parsed = inet_pton(AF_INET, host.c_str(), &target.sin_addr) == 1;
  if (!parsed || ntohl(target.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET || port < 1 ||
      port > 65535) {
    std::fprintf(stderr, "latency: --target wants 127.0.0.1:PORT, not %s\n", text.c_str());
    std::exit(2);
  }
  target.sin_port = htons(static_cast<std::uint16_t>(port));
  return target;
}

void EndWithParent() {
  const pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) std::exit(0);  // it ended before we could ask
}

// A connection takes six descriptors here.
void RaiseDescriptorLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  EndWithParent();
  CLI::App app("Makes a store on this machine look far away.");
  std::string target;
  std::uint16_t port = 0;
  double delay_ms = 20;
  double rate_mb = 90;
  app.add_option("--target", target, "127.0.0.1:PORT of the store")->required();
  app.add_option("--listen", port, "port on 127.0.0.1; 0 = any that is free");
  app.add_option("--delay-ms", delay_ms, "each answer begins so much later")
      ->check(CLI::Range(0.0, 60'000.0));
  app.add_option("--rate-mb", rate_mb, "10^6 bytes a second, of each connection and each way")
      ->check(CLI::Range(0.001, 1e6));
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  const std::chrono::nanoseconds delay(static_cast<std::int64_t>(delay_ms * 1e6));
  FarStore store(Target(target), {delay, rate_mb * 1e6});
  std::printf("listening on 127.0.0.1:%u\n", store.Listen(port));
  std::fflush(stdout);
  store.Run();
}
