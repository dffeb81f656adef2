// CurlPoll as the transport uses it: what TLS has read ahead is taken although no socket is ready.
#include "objclient/http/curl_poll.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <latch>

#include "objclient/http/curl_transport.h"
#include "tests/objclient/http/tls_server.h"
#include "tests/support/temp_dir.h"

namespace objclient {
namespace {

class CurlPollTest : public testing::Test {
 protected:
  void Open(std::function<void(TlsLine&)> answer) {
    server_ = std::make_unique<TlsServer>(std::move(answer));
    CurlTransport::Options options;
    options.ca_bundle = directory_.Write("authority", server_->certificate()).string();
    auto transport = CurlTransport::Open(options, metrics_);
    ASSERT_TRUE(transport.ok());
    transport_ = std::move(*transport);
  }

  // The body, or what went wrong.
  std::string Get(std::function<void(std::size_t)> on_size = nullptr) {
    HttpRequest request;
    request.method = "GET";
    request.url = server_->Url("/");
    std::string body;
    std::promise<std::string> error;
    transport_->Send(std::move(request),
                     {nullptr,
                      [&](std::span<const std::byte> bytes) {
                        body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                        if (on_size) on_size(body.size());
                        return true;
                      },
                      [&](base::Result<HttpResponse> result) {
                        error.set_value(result.ok() ? "" : result.error().ToString());
                      }});
    const std::string failed = error.get_future().get();
    return failed.empty() ? body : failed;
  }

  const testing_support::TempDir directory_;
  base::Metrics metrics_;
  std::unique_ptr<TlsServer> server_;
  std::unique_ptr<CurlTransport> transport_;
};

std::string Text(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 31 / 7 % 26);
  return text;
}

void RecordHead(TlsLine& line, std::size_t size) {
  line.Record("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
}

void RecordInPieces(TlsLine& line, std::string_view text, std::size_t piece) {
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
    line.Record(text.substr(0, piece));
  }
}

TEST_F(CurlPollTest, RecordsThatCameTogetherAreAllTaken) {
  const std::string text = Text(100'000);
  Open([&](TlsLine& line) {
    RecordHead(line, text.size());
    RecordInPieces(line, text, 100);
    line.Send();
  });
  for (int i = 0; i < 20; ++i) ASSERT_EQ(Get(), text) << i;
}

TEST_F(CurlPollTest, AHeadInRecordsOfOneByteIsTaken) {
  Open([&](TlsLine& line) {
    RecordInPieces(line, "HTTP/1.1 200 OK\r\nX-Long: value\r\nContent-Length: 2\r\n\r\nok", 1);
    line.Send();
  });
  ASSERT_EQ(Get(), "ok");
}

TEST_F(CurlPollTest, ARecordMayComeInTwoPieces) {
  const std::string text = Text(40'000);
  for (const std::size_t late : {1, 7, 200, 4000}) {
    std::latch taken(1);
    Open([&](TlsLine& line) {
      RecordHead(line, text.size());
      RecordInPieces(line, text, 1000);
      line.Send(late);
      taken.wait();
      line.Send();
    });
    // Of the records that are whole, all are taken: what is late, and one record of 1000 bytes.
    const std::size_t whole = (text.size() - late) / 1000 * 1000 - 4000;
    bool seen = false;
    const std::string body = Get([&](std::size_t size) {
      if (size >= whole && !std::exchange(seen, true)) taken.count_down();
    });
    if (!seen) taken.count_down();  // or the server would wait for ever
    ASSERT_EQ(body, text) << late;
  }
}

TEST_F(CurlPollTest, AConnectionThatEndsBehindHeldRecordsLosesNone) {
  const std::string text = Text(50'000);
  Open([&](TlsLine& line) {
    line.Record("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    RecordInPieces(line, text, 500);
    line.Send();
    line.End();
  });
  for (int i = 0; i < 5; ++i) ASSERT_EQ(Get(), text) << i;
}

}  // namespace
}  // namespace objclient
