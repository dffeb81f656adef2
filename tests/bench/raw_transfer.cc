// raw-transfer: how fast can libcurl alone move an object on this machine and this server? The
// limit that the figures of cairnfs are printed beside. One thread, one multi handle, ranged GETs
// whose bytes are dropped or a multipart upload from pre-touched memory; of CairnFS it uses only
// the digests.
//
//   raw-transfer put --url http://127.0.0.1:9000/bucket/key --size 1GiB --connections 8
//   raw-transfer get --url ... (of an object that `put` made)
//
// Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the region from AWS_REGION, the
// certificate to trust from AWS_CA_BUNDLE.
#include <curl/curl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/digest/digest.h"
#include "tests/bench/measure.h"

namespace {

struct Options {
  bool put = false;
  std::string scheme;     // "http://"
  std::string authority;  // host[:port]
  std::string path;       // "/bucket/key", already encoded
  std::uint64_t size = base::kGiB;
  std::uint64_t range = 8 * base::kMiB;
  std::uint64_t touch = 0;
  std::size_t connections = 8;
  int runs = 3;
};

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "raw-transfer: %s\n", why.c_str());
  std::exit(1);
}

std::string Variable(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  if (value == nullptr && otherwise == nullptr) Die(std::string(name) + " is not set");
  return value == nullptr ? otherwise : value;
}

std::string_view Raw(const base::Sha256Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

// One request. `query` is sorted and encoded.
struct Job {
  std::string method;
  std::string query;
  std::string range;  // "bytes=0-9" or ""
  const char* body = nullptr;
  std::size_t body_size = 0;
  std::string etag;      // from the answer
  std::string document;  // the answer's body, for what is not a GET
};

// libcurl's own CURLOPT_AWS_SIGV4 fails on ranged GETs against radosgw, so: the signature by hand,
// with an unsigned payload as cairnfs does it.
std::vector<std::string> SignedHeaders(const Options& options, const Job& job) {
  const std::time_t now = std::time(nullptr);
  char date[32];
  std::strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", std::gmtime(&now));
  const std::string day(date, 8);
  const std::string region = Variable("AWS_REGION", "us-east-1");
  const std::string scope = day + "/" + region + "/s3/aws4_request";
  const std::string canonical = job.method + "\n" + options.path + "\n" + job.query +
                                "\nhost:" + options.authority +
                                "\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:" + date +
                                "\n\nhost;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD";
  const std::string text = std::string("AWS4-HMAC-SHA256\n") + date + "\n" + scope + "\n" +
                           base::HexLower(base::Sha256(canonical));
  auto key = base::HmacSha256("AWS4" + Variable("AWS_SECRET_ACCESS_KEY", nullptr), day);
  for (const std::string_view part :
       {std::string_view(region), std::string_view("s3"), std::string_view("aws4_request")}) {
    key = base::HmacSha256(Raw(key), part);
  }
  std::vector<std::string> headers = {
      "x-amz-content-sha256: UNSIGNED-PAYLOAD", std::string("x-amz-date: ") + date,
      "Authorization: AWS4-HMAC-SHA256 Credential=" + Variable("AWS_ACCESS_KEY_ID", nullptr) + "/" +
          scope + ", SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=" +
          base::HexLower(base::HmacSha256(Raw(key), text)),
      "Expect:"};
  if (!job.range.empty()) headers.push_back("Range: " + job.range);
  return headers;
}

// A connection's worth of libcurl: an easy handle with the job it works on.
class Slot {
 public:
  explicit Slot(const Options& options) : options_(options), easy_(curl_easy_init()) {}
  ~Slot() {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(easy_);
  }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;

  CURL* easy() const { return easy_; }

  void Begin(Job& job) {
    job_ = &job;
    sent_ = 0;
    curl_easy_reset(easy_);
    curl_slist_free_all(headers_);
    headers_ = nullptr;
    for (const auto& line : SignedHeaders(options_, job)) {
      headers_ = curl_slist_append(headers_, line.c_str());
    }
    const std::string url = options_.scheme + options_.authority + options_.path +
                            (job.query.empty() ? "" : "?" + job.query);
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
    if (const char* bundle = std::getenv("AWS_CA_BUNDLE")) {
      curl_easy_setopt(easy_, CURLOPT_CAINFO, bundle);
    }
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, job.method.c_str());
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
    curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, 1L << 20);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Slot::OnWrite);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Slot::OnHeader);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    if (job.method == "GET") return;
    curl_easy_setopt(easy_, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy_, CURLOPT_UPLOAD_BUFFERSIZE, 1L << 20);
    curl_easy_setopt(easy_, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(job.body_size));
    curl_easy_setopt(easy_, CURLOPT_READFUNCTION, &Slot::OnRead);
    curl_easy_setopt(easy_, CURLOPT_READDATA, this);
  }

  void End(CURLcode code) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && status / 100 == 2) return;
    Die(job_->method + " " + options_.path + ": " + curl_easy_strerror(code) + ", HTTP " +
        std::to_string(status) + " " + job_->document.substr(0, 300));
  }

 private:
  static std::size_t OnWrite(char* data, std::size_t size, std::size_t count, void* self) {
    Job& job = *static_cast<Slot*>(self)->job_;
    if (job.range.empty()) job.document.append(data, size * count);
    return size * count;
  }
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self) {
    const std::string line(data, size * count);
    if (strncasecmp(line.c_str(), "etag:", 5) == 0) {
      const auto first = line.find('"');
      static_cast<Slot*>(self)->job_->etag = line.substr(first, line.rfind('"') - first + 1);
    }
    return size * count;
  }
  static std::size_t OnRead(char* target, std::size_t size, std::size_t count, void* self) {
    auto* slot = static_cast<Slot*>(self);
    const std::size_t length = std::min(size * count, slot->job_->body_size - slot->sent_);
    std::memcpy(target, slot->job_->body + slot->sent_, length);
    slot->sent_ += length;
    return length;
  }

  const Options& options_;
  CURL* const easy_;
  curl_slist* headers_ = nullptr;
  Job* job_ = nullptr;
  std::size_t sent_ = 0;
};

class Engine {
 public:
  explicit Engine(const Options& options) : multi_(curl_multi_init()) {
    for (std::size_t i = 0; i < options.connections; ++i) {
      slots_.push_back(std::make_unique<Slot>(options));
    }
  }
  ~Engine() {
    slots_.clear();
    curl_multi_cleanup(multi_);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void Run(std::vector<Job>& jobs) {
    std::size_t next = 0;
    std::size_t active = 0;
    for (auto& slot : slots_) {
      if (next == jobs.size()) break;
      Start(*slot, jobs[next++]);
      ++active;
    }
    while (active > 0) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      int left = 0;
      while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        const CURLcode code = message->data.result;
        Slot* slot = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
        curl_multi_remove_handle(multi_, slot->easy());
        slot->End(code);
        if (next < jobs.size()) {
          Start(*slot, jobs[next++]);
          running = 1;
        } else {
          --active;
        }
      }
      if (running > 0) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
    }
  }

 private:
  void Start(Slot& slot, Job& job) {
    slot.Begin(job);
    curl_multi_add_handle(multi_, slot.easy());
  }
  CURLM* const multi_;
  std::vector<std::unique_ptr<Slot>> slots_;
};

void Get(const Options& options, Engine& engine) {
  std::vector<Job> jobs;
  for (std::uint64_t offset = 0; offset < options.size; offset += options.range) {
    const std::uint64_t end = std::min(offset + options.range, options.size);
    jobs.push_back({.method = "GET",
                    .query = {},
                    .range = "bytes=" + std::to_string(offset) + "-" + std::to_string(end - 1),
                    .etag = {},
                    .document = {}});
  }
  engine.Run(jobs);
}

std::string Between(const std::string& text, const std::string& before, const std::string& after) {
  const auto start = text.find(before);
  if (start == std::string::npos) Die("unexpected answer: " + text.substr(0, 300));
  return text.substr(start + before.size(), text.find(after, start) - start - before.size());
}

void Put(const Options& options, Engine& engine, const std::byte* memory) {
  std::vector<Job> create = {
      {.method = "POST", .query = "uploads=", .range = {}, .etag = {}, .document = {}}};
  engine.Run(create);
  const std::string id = Between(create.front().document, "<UploadId>", "</UploadId>");
  std::vector<Job> parts;
  for (std::uint64_t offset = 0; offset < options.size; offset += options.range) {
    parts.push_back({.method = "PUT",
                     .query = "partNumber=" + std::to_string(parts.size() + 1) + "&uploadId=" + id,
                     .range = {},
                     .body = reinterpret_cast<const char*>(memory) +
                             (parts.size() % options.connections) * options.range,
                     .body_size = std::min(options.range, options.size - offset),
                     .etag = {},
                     .document = {}});
  }
  engine.Run(parts);
  std::string list = "<CompleteMultipartUpload>";
  for (std::size_t i = 0; i < parts.size(); ++i) {
    list += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" + parts[i].etag +
            "</ETag></Part>";
  }
  list += "</CompleteMultipartUpload>";
  std::vector<Job> complete = {{.method = "POST",
                                .query = "uploadId=" + id,
                                .range = {},
                                .body = list.data(),
                                .body_size = list.size(),
                                .etag = {},
                                .document = {}}};
  engine.Run(complete);
  Between(complete.front().document, "<ETag>", "</ETag>");
}

void RunOnce(const Options& options, Engine& engine, const std::byte* memory) {
  bench::TouchAndFree(options.touch);
  const bench::Usage before = bench::Used();
  const auto start = std::chrono::steady_clock::now();
  if (options.put) {
    Put(options, engine, memory);
  } else {
    Get(options, engine);
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const bench::Usage after = bench::Used();
  const double gib = static_cast<double>(options.size) / static_cast<double>(base::kGiB);
  const std::uint64_t items = (options.size + options.range - 1) / options.range;
  const std::uint64_t buffer = options.put ? options.range * options.connections : 0;
  std::printf(
      "{\"what\":\"raw-%s\",\"bytes\":%llu,\"items\":%llu,\"connections\":%zu,\"seconds\":%.4f,"
      "\"gib_per_s\":%.3f,\"cpu_s\":%.4f,\"peak_rss_mib\":%.1f,"
      "\"buffer_mib\":%.1f}\n",
      options.put ? "put" : "get", static_cast<unsigned long long>(options.size),
      static_cast<unsigned long long>(items), options.connections, wall.count(), gib / wall.count(),
      after.cpu_s - before.cpu_s, after.peak_rss_mib,
      static_cast<double>(buffer) / static_cast<double>(base::kMiB));
  std::fflush(stdout);
}

std::uint64_t Size(const std::string& text) {
  const auto size = base::ParseSize(text);
  if (!size.ok()) Die(size.error().message());
  return *size;
}

void SplitUrl(const std::string& url, Options& options) {
  const auto host = url.find("://");
  const auto path = host == std::string::npos ? host : url.find('/', host + 3);
  if (path == std::string::npos) Die("--url wants http://host:port/bucket/key");
  options.scheme = url.substr(0, host + 3);
  options.authority = url.substr(host + 3, path - host - 3);
  options.path = url.substr(path);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("How fast libcurl alone moves an object from or to an S3 server.");
  Options options;
  std::string verb;
  std::string url;
  std::string size = "1GiB";
  std::string range = "8MiB";
  std::string touch = "0";
  app.add_option("verb", verb, "get or put")->required()->check(CLI::IsMember({"get", "put"}));
  app.add_option("--url", url, "http://host:port/bucket/key")->required();
  app.add_option("--size", size, "bytes to move");
  app.add_option("--range", range, "bytes of one GET or of one part");
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 256));
  app.add_option("--runs", options.runs)->check(CLI::Range(1, 1000));
  app.add_option("--touch", touch, "touch and free so much memory before each run");
  CLI11_PARSE(app, argc, argv);
  options.put = verb == "put";
  options.size = Size(size);
  options.range = Size(range);
  options.touch = Size(touch);
  if (options.size == 0 || options.range == 0) Die("--size and --range must not be 0");
  SplitUrl(url, options);

  curl_global_init(CURL_GLOBAL_DEFAULT);
  Engine engine(options);
  std::span<std::byte> memory;
  if (options.put) memory = bench::TouchedMemory(options.range * options.connections);
  for (int run = 0; run < options.runs; ++run) RunOnce(options, engine, memory.data());
  return 0;
}
