// CurlTransfer: one request on one easy handle, from its options to the handler's last call. Owned
// by a CurlLoop and used on that loop's thread only.
#pragma once

#include <chrono>
#include <string>

#include "objclient/http/curl_handle.h"
#include "objclient/http/http_transport.h"

namespace objclient {

// The bounds of every transfer of a transport.
struct CurlBounds {
  std::chrono::milliseconds connect_timeout{5000};
  // No byte moved for this long = broken. libcurl counts whole seconds and averages over five, so
  // after bytes have moved it notices up to five seconds later.
  std::chrono::milliseconds stall_timeout{10000};
  // PEM file with the trusted authorities; empty = the system's.
  std::string ca_bundle;
  // scheme://host:port; empty = what https_proxy, http_proxy and all_proxy say.
  std::string proxy;
  // Whether they say one for https.
  bool environment_proxy = false;
  // A connection older than this takes no new request: its successor asks for the addresses again.
  std::chrono::seconds connection_life{300};
};

class CurlTransfer {
 public:
  CurlTransfer(HttpRequest request, HttpHandler handler);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  bool urgent() const { return request_.urgent; }
  // Takes a fresh (or reset) handle and sets everything on it. After an error the handle is unused.
  base::Status Prepare(CurlEasy easy, const CurlBounds& bounds);
  CURL* handle() const { return easy_.get(); }
  // Of the answer; 0 before there is one.
  int status() const { return response_.status; }
  // libcurl is finished with the handle: calls on_done and gives the handle back, reset.
  CurlEasy Finish(CURLcode code);
  // on_done with an error of our own; for transfers that never ran or are cut short.
  void Fail(const base::Error& error);

  std::uint64_t received_bytes() const { return received_bytes_; }
  std::uint64_t sent_bytes() const { return sent_bytes_; }

 private:
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnWrite(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t OnRead(char* target, std::size_t size, std::size_t count, void* self);
  static int OnPrereq(void* self, char*, char*, int, int);

  base::Status SetHeaders();
  base::Status SetMethod();
  base::Status SetBounds(const CurlBounds& bounds);
  base::Status SetRoute(const CurlBounds& bounds);
  bool TakeHeaderLine(std::string_view line);
  std::size_t FillFromBody(std::span<char> target);
  base::Error Failure(CURLcode code, long tunnel) const;

  HttpRequest request_;
  HttpHandler handler_;
  HttpResponse response_;
  CurlEasy easy_;
  CurlList header_list_;
  std::string curl_message_;  // CURLOPT_ERRORBUFFER
  std::size_t header_bytes_ = 0;
  std::size_t piece_ = 0;         // position in the body: piece and
  std::size_t piece_offset_ = 0;  // offset in it
  std::uint64_t received_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  bool begun_ = false;  // a request that changes something; it is sent once
  bool headers_delivered_ = false;
  bool stopped_ = false;  // the handler wanted no more
};

}  // namespace objclient
