// All faults at once, and a server that is killed: whatever was reported as stored is there.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <thread>

#include "base/digest/digest.h"
#include "tests/fault/store_faults.h"

namespace fault {
namespace {

// What a worker knows of its own keys. A write whose outcome nobody told it may have happened.
class Worker {
 public:
  Worker(objclient::ObjectStore& store, unsigned number, Tally& tally)
      : store_(store), number_(number), tally_(tally) {}

  void Run(std::size_t rounds) {
    for (std::size_t round = 0; round < rounds; ++round) {
      const std::string key = "w" + std::to_string(number_) + "/" + std::to_string(round % 5);
      const std::size_t size = 1 + (round * 7919 + number_ * 104729) % 400'000;
      Write(key, Content(size, static_cast<unsigned>(number_ * 1000 + round)));
      if (const auto read = Read(store_, key); read.ok()) {
        Check(key, *read);
      } else {
        failures_.push_back(read.error());
      }
      if (round % 9 == 8) Delete(key);
      ++rounds_done_;
    }
  }

  // What is there in the end, past the faults.
  void CheckAll(objclient::ObjectStore& direct) {
    for (const auto& [key, possible] : possible_) {
      if (const auto read = Read(direct, key); read.ok()) {
        Check(key, *read);
      } else {
        wrong_.push_back(key + " cannot be read: " + read.error().ToString());
      }
    }
  }

  std::size_t rounds_done() const { return rounds_done_; }
  const std::vector<base::Error>& failures() const { return failures_; }
  const std::vector<std::string>& wrong() const { return wrong_; }

 private:
  template <typename R>
  void Settle(const std::string& key, const R& result, const std::string& content) {
    ++tally_.operations;
    auto& possible = possible_[key];
    if (result.ok()) {
      possible = {content};
    } else {
      if (possible.empty()) possible.emplace_back();
      possible.push_back(content);
      failures_.push_back(result.error());
    }
  }

  void Write(const std::string& key, const std::string& content) {
    objclient::PutRequest request;
    request.key = key;
    request.body.pieces = {std::as_bytes(std::span<const char>(content))};
    Settle(key, PutAndWait(store_, request), content);
  }

  void Delete(const std::string& key) { Settle(key, store_.Delete(key, ""), ""); }

  // "" = absent.
  base::Result<std::string> Read(objclient::ObjectStore& store, const std::string& key) {
    ++tally_.operations;
    const auto head = store.Head(key);
    if (!head.ok()) {
      if (head.error().error_class() == base::ErrorClass::kNotFound) return std::string();
      return head.error();
    }
    std::string content(head->size, '\0');
    objclient::GetRequest request;
    request.key = key;
    request.range = {0, head->size};
    request.if_match = head->etag;
    request.into = {std::as_writable_bytes(std::span(content))};
    const auto got = GetAndWait(store, std::move(request));
    if (!got.ok()) return got.error();
    return content;
  }

  void Check(const std::string& key, const std::string& content) {
    const auto& possible = possible_.at(key);
    if (std::find(possible.begin(), possible.end(), content) == possible.end()) {
      wrong_.push_back(key + " has other bytes");
    } else {
      tally_.verified_bytes += content.size();
    }
  }

  objclient::ObjectStore& store_;
  const unsigned number_;
  Tally& tally_;
  // "" = absent. More than one where the answer never came.
  std::map<std::string, std::vector<std::string>> possible_;
  std::vector<std::string> wrong_;
  std::atomic<std::size_t> rounds_done_{0};  // atomic: others wait for progress
  std::vector<base::Error> failures_;
};

class Storm : public StoreFaults {
 protected:
  // Runs eight workers to their end, and `meanwhile` beside them.
  template <typename Function>
  std::vector<base::Error> RunWorkers(std::size_t rounds, const Function& meanwhile) {
    std::vector<std::unique_ptr<Worker>> workers;
    for (unsigned number = 0; number < 8; ++number) {
      workers.push_back(std::make_unique<Worker>(*store_, number, tally()));
    }
    std::vector<std::thread> threads;
    for (const auto& worker : workers) {
      threads.emplace_back([&worker, rounds] { worker->Run(rounds); });
    }
    meanwhile(*workers.front());
    for (auto& thread : threads) thread.join();
    std::vector<base::Error> failures;
    for (const auto& worker : workers) {
      worker->CheckAll(*direct_);
      for (const std::string& wrong : worker->wrong()) Lost(wrong);
      failures.insert(failures.end(), worker->failures().begin(), worker->failures().end());
    }
    return failures;
  }
};

// One request in so many, at its own phase.
Hits OneIn(std::size_t count, std::size_t phase) {
  return [count, phase, seen = std::size_t{0}](const Asked&) mutable {
    return ++seen % count == phase;
  };
}

TEST_F(Storm, OneRequestInFourMeetsAFault) {
  proxy_->Inject(Times(kAlways, BreakUpload(OneIn(31, 1))));
  proxy_->Inject(Times(kAlways, dialect_.Refuse(OneIn(19, 2), 503, dialect_.busy_code)));
  proxy_->Inject(Times(kAlways, dialect_.Refuse(OneIn(23, 3), 500, "InternalError")));
  proxy_->Inject(Times(kAlways, Break(OneIn(29, 4), End::kReset)));
  proxy_->Inject(Times(kAlways, LoseAnswer(OneIn(29, 5))));
  proxy_->Inject(Times(kAlways, CutBody(OneIn(17, 6), 1000, End::kReset)));
  if (store_->capabilities().checksum_crc32c) {
    proxy_->Inject(Times(kAlways, ChangeRequest(Both(Method("PUT"), OneIn(17, 7)),
                                                [](Asked& asked) { FlipBit(asked.body); })));
  }
  proxy_->Inject(Times(kAlways, Delay(OneIn(37, 8), std::chrono::milliseconds(300))));
  const auto failures = RunWorkers(40, [](const Worker&) {});
  // Damaged bytes are sent again once; chance may damage those as well, of one upload or another.
  EXPECT_LT(failures.size(), 10u);
  for (const base::Error& error : failures) {
    EXPECT_EQ(error.error_class(), base::ErrorClass::kCorrupt) << error.ToString();
  }
  EXPECT_GE(proxy_->injected(), 200u);
}

// A server of this test's own, which it may kill. Needs root, as the server does.
class OwnServer {
 public:
  explicit OwnServer(std::string script)
      : script_(std::move(script)), instance_("faults-" + std::to_string(getpid())) {
    std::FILE* exports = popen(Command("up").c_str(), "r");
    if (exports == nullptr) return;
    char line[4096];
    while (std::fgets(line, sizeof line, exports) != nullptr) {
      const std::string text(line, std::strcspn(line, "\n"));
      const auto equals = text.find('=');
      if (!text.starts_with("export ") || equals == std::string::npos) continue;
      values_[text.substr(7, equals - 7)] = text.substr(equals + 1);
    }
    up_ = pclose(exports) == 0;
  }
  ~OwnServer() { Run("down"); }
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;

  bool up() const { return up_; }
  const std::map<std::string, std::string>& values() const { return values_; }
  bool Run(const std::string& verb) const {
    return std::system((Command(verb) + " >/dev/null").c_str()) == 0;
  }

 private:
  std::string Command(const std::string& verb) const {
    return "CAIRNFS_TEST_INSTANCE=" + instance_ + " " CAIRNFS_SOURCE "/tests/support/stores/" +
           script_ + " " + verb;
  }
  const std::string script_;
  const std::string instance_;
  std::map<std::string, std::string> values_;
  bool up_ = false;
};

TEST_F(Storm, ServerKilledAndRestarted) {
  if (geteuid() != 0) GTEST_SKIP() << "starts a server of its own: needs root";
  const OwnServer server(dialect_.script);
  ASSERT_TRUE(server.up());
  std::map<std::string, std::string> shared_secrets;
  for (const std::string& name : dialect_.secret_variables) {
    shared_secrets[name] = std::getenv(name.c_str());
    setenv(name.c_str(), server.values().at(name).c_str(), 1);
  }
  options_.retry_time_limit = std::chrono::milliseconds(20'000);
  const std::string endpoint = server.values().at(dialect_.endpoint_variable);
  auto shared_server = std::exchange(direct_, Open(endpoint));
  store_ = Open(endpoint);
  for (const auto& [name, secret] : shared_secrets) setenv(name.c_str(), secret.c_str(), 1);
  ASSERT_NE(store_, nullptr);
  const auto failures = RunWorkers(60, [&](const Worker& worker) {
    for (const std::size_t progress : {5u, 25u}) {
      while (worker.rounds_done() < progress) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      ++tally().faults;
      EXPECT_TRUE(server.Run("kill"));
      EXPECT_TRUE(server.Run("restart"));
    }
  });
  EXPECT_LT(failures.size(), 100u) << "of a thousand operations: the retries did not last";
  direct_ = std::move(shared_server);
}

}  // namespace
}  // namespace fault
