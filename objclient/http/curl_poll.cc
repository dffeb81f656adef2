#include "objclient/http/curl_poll.h"

#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace objclient {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kEventsMax = 64;
// What TLS reads from the kernel at a time. It fits into the processor's cache with what becomes of
// it.
constexpr std::size_t kReadAheadBytes = 128u << 10;
// Records taken from one connection before the others have their turn.
constexpr int kRecordsInTurn = 16;
// What TLS holds and libcurl did not take is the beginning of a record, whose end makes the socket
// ready. Should it ever be more, it waits so long.
constexpr std::chrono::milliseconds kLookAgain{10};

std::uint32_t EpollEvents(int what) {
  std::uint32_t events = 0;
  if ((what & CURL_POLL_IN) != 0) events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) events |= EPOLLOUT;
  return events;
}

int CurlEvents(std::uint32_t events) {
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return 0;  // libcurl is to look itself
  int select = 0;
  if ((events & EPOLLIN) != 0) select |= CURL_CSELECT_IN;
  if ((events & EPOLLOUT) != 0) select |= CURL_CSELECT_OUT;
  return select;
}

// libcurl asks OpenSSL for the rest of a record only, not for what comes after it.
bool TlsHoldsMore(CURL* easy) {
  curl_tlssessioninfo* session = nullptr;
  curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session);
  if (session == nullptr || session->backend != CURLSSLBACKEND_OPENSSL) return false;
  const auto* tls = static_cast<const SSL*>(session->internals);
  return tls != nullptr && SSL_has_pending(tls) == 1;
}

curl_off_t BytesTaken(CURL* easy) {
  curl_off_t body = 0;
  long headers = 0;
  curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &body);
  curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &headers);
  return body + headers;
}

CURLcode ReadAhead(CURL* /*easy*/, void* context, void* /*unused*/) {
  auto* tls = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_read_ahead(tls, 1);
  SSL_CTX_set_default_read_buffer_len(tls, kReadAheadBytes);
  return CURLE_OK;
}

}  // namespace

base::Result<std::unique_ptr<CurlPoll>> CurlPoll::Create() {
  base::UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  base::UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = wake.get();
  if (!epoll || !wake || epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
    return base::Error::FromErrno(errno, "watch the sockets of an HTTP transport");
  }
  return std::unique_ptr<CurlPoll>(new CurlPoll(std::move(epoll), std::move(wake)));
}

CurlPoll::CurlPoll(base::UniqueFd epoll, base::UniqueFd wake)
    : epoll_(std::move(epoll)), wake_(std::move(wake)) {}

void CurlPoll::Serve(CURLM* multi) {
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &CurlPoll::OnSocket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &CurlPoll::OnTimer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
}

void CurlPoll::AllowReadAhead(CURL* easy) {
  // A libcurl with another TLS library does not know the option, and reads as it always did.
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, &ReadAhead);
}

void CurlPoll::Wake() {
  const std::uint64_t one = 1;
  // Full means that a wake-up is pending.
  static_cast<void>(!write(wake_.get(), &one, sizeof one));
}

int CurlPoll::OnSocket(CURL* easy, curl_socket_t socket, int what, void* self, void* /*known*/) {
  static_cast<CurlPoll*>(self)->Watch(easy, socket, what);
  return 0;
}

int CurlPoll::OnTimer(CURLM* /*multi*/, long timeout_ms, void* self) {
  auto* poll = static_cast<CurlPoll*>(self);
  poll->timer_.reset();
  if (timeout_ms >= 0) poll->timer_ = Clock::now() + std::chrono::milliseconds(timeout_ms);
  return 0;
}

void CurlPoll::Watch(CURL* easy, curl_socket_t socket, int what) {
  if (what == CURL_POLL_REMOVE) {
    sockets_.erase(socket);
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, socket, nullptr);
    return;
  }
  epoll_event event{};
  event.events = EpollEvents(what);
  event.data.fd = socket;
  const auto [watched, added] = sockets_.try_emplace(socket);
  watched->second.easy = easy;
  watched->second.what = what;
  epoll_ctl(epoll_.get(), added ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &event);
}

int CurlPoll::EpollTimeout(std::chrono::milliseconds longest) const {
  if (!held_.empty()) return 0;
  if (AnyWithoutSocket()) longest = std::min(longest, kLookAgain);
  for (const std::optional<Time>& moment : {timer_, look_again_}) {
    if (!moment) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*moment - Clock::now());
    longest = std::clamp(left, std::chrono::milliseconds::zero(), longest);
  }
  return static_cast<int>(longest.count());
}

void CurlPoll::Wait(CURLM* multi, std::chrono::milliseconds longest) {
  std::array<epoll_event, kEventsMax> events{};
  const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()),
                               EpollTimeout(longest));
  for (const curl_socket_t socket : std::exchange(held_, {})) {
    if (WaitsForBytes(socket) != nullptr) Ready(multi, socket, CURL_CSELECT_IN);
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == wake_.get()) {
      std::uint64_t wakes = 0;
      static_cast<void>(!read(wake_.get(), &wakes, sizeof wakes));
    } else {
      Ready(multi, event.data.fd, CurlEvents(event.events));
    }
  }
  if (timer_ && *timer_ <= Clock::now()) {
    timer_.reset();
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running_);
  }
  // libcurl 7.88 waits for nothing at all when one address of a name has refused and the next is to
  // be tried.
  if (AnyWithoutSocket()) RunAll(multi);
  FindHeld();
}

void CurlPoll::RunAll(CURLM* multi) {
  // Deprecated, as it costs the more the more transfers there are. Nothing else runs one that has
  // no socket.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  curl_multi_socket_all(multi, &running_);
#pragma GCC diagnostic pop
}

void CurlPoll::Ready(CURLM* multi, curl_socket_t socket, int events) {
  for (int record = 0; record < kRecordsInTurn; ++record) {
    Watched* watched = WaitsForBytes(socket);
    const curl_off_t before = watched != nullptr ? BytesTaken(watched->easy) : 0;
    curl_multi_socket_action(multi, socket, events, &running_);
    watched = WaitsForBytes(socket);
    if (watched == nullptr) return;
    const bool more = TlsHoldsMore(watched->easy);
    watched->partial = more && BytesTaken(watched->easy) == before;
    if (!more || watched->partial) return;
    events = CURL_CSELECT_IN;
  }
}

// All are looked at: libcurl reads a record of any transfer whose timer happens to be over.
void CurlPoll::FindHeld() {
  const bool again = look_again_ && *look_again_ <= Clock::now();
  if (again) look_again_.reset();
  for (const auto& [socket, watched] : sockets_) {
    if ((watched.what & CURL_POLL_IN) == 0 || !TlsHoldsMore(watched.easy)) continue;
    if (!watched.partial || again) {
      held_.push_back(socket);
    } else if (!look_again_) {
      look_again_ = Clock::now() + kLookAgain;
    }
  }
}

CurlPoll::Watched* CurlPoll::WaitsForBytes(curl_socket_t socket) {
  const auto found = sockets_.find(socket);
  const bool waits = found != sockets_.end() && (found->second.what & CURL_POLL_IN) != 0;
  return waits ? &found->second : nullptr;
}

}  // namespace objclient
