// CurlPoll: waits for what a multi handle waits for: its sockets (epoll), its timer, and a wake-up
// from another thread. libcurl is told which socket is ready, and so asks the kernel for nothing
// again.
//
// Bytes that TLS has read ahead make no socket ready; CurlPoll looks for them, which is what allows
// AllowReadAhead. Owned by a CurlLoop and used on its thread, but for Wake; it outlives the multi
// handle, which closes sockets as it goes.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace objclient {

class CurlPoll {
 public:
  static base::Result<std::unique_ptr<CurlPoll>> Create();
  CurlPoll(const CurlPoll&) = delete;
  CurlPoll& operator=(const CurlPoll&) = delete;

  // From now on `multi` says here what it waits for. Once, before it has a transfer.
  void Serve(CURLM* multi);
  // Waits until something is ready, at most `longest`, and lets the transfers go on that can.
  void Wait(CURLM* multi, std::chrono::milliseconds longest);
  // Ends a Wait, or the next one. Any thread.
  void Wake();

  // Has the connections of `easy` read what the network holds, not one TLS record in two system
  // calls. Not for a TLS connection to a proxy, behind which another one hides.
  static void AllowReadAhead(CURL* easy);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Watched {
    CURL* easy = nullptr;  // the transfer that waits for it
    int what = 0;          // CURL_POLL_IN, _OUT or both
    bool partial = false;  // TLS holds what seems to be the beginning of a record
  };

  CurlPoll(base::UniqueFd epoll, base::UniqueFd wake);
  static int OnSocket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int OnTimer(CURLM* multi, long timeout_ms, void* self);
  void Watch(CURL* easy, curl_socket_t socket, int what);
  int EpollTimeout(std::chrono::milliseconds longest) const;
  void FindHeld();
  void RunAll(CURLM* multi);
  void Ready(CURLM* multi, curl_socket_t socket, int events);
  Watched* WaitsForBytes(curl_socket_t socket);
  bool AnyWithoutSocket() const { return running_ > static_cast<int>(sockets_.size()); }

  const base::UniqueFd epoll_;
  const base::UniqueFd wake_;  // eventfd
  std::unordered_map<curl_socket_t, Watched> sockets_;
  int running_ = 0;                  // transfers, as libcurl said last
  std::optional<Time> timer_;        // libcurl's
  std::vector<curl_socket_t> held_;  // whose TLS holds records, to be taken at the next turn
  std::optional<Time> look_again_;   // at those with `partial`
};

}  // namespace objclient
