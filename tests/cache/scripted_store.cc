#include "tests/cache/scripted_store.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace testing_support {
namespace {

constexpr std::uint64_t kPiece = 64u << 10;  // bytes between two calls of progress

std::uint64_t Word(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t x = seed + index * 0x9E3779B97F4A7C15ull;
  x ^= x >> 29;
  return x * 0xBF58476D1CE4E5B9ull;
}

base::Error Unsupported() { return {base::ErrorClass::kUnsupported, "only GETs are scripted"}; }

}  // namespace

void FillPattern(const std::string& key, std::uint64_t offset, std::span<std::byte> target) {
  const std::uint64_t seed = std::hash<std::string>()(key);
  for (std::size_t at = 0; at < target.size();) {
    const std::uint64_t word = Word(seed, (offset + at) / 8);
    const std::size_t skip = (offset + at) % 8;
    const std::size_t count = std::min<std::size_t>(8 - skip, target.size() - at);
    std::memcpy(target.data() + at, reinterpret_cast<const char*>(&word) + skip, count);
    at += count;
  }
}

bool IsPattern(const std::string& key, std::uint64_t offset, const cache::PinnedBytes& bytes) {
  std::vector<std::byte> want;
  for (const auto& piece : bytes.pieces) {
    want.resize(piece.bytes.size());
    FillPattern(key, offset, want);
    if (!std::equal(want.begin(), want.end(), piece.bytes.begin())) return false;
    offset += piece.bytes.size();
  }
  return true;
}

ScriptedStore::ScriptedStore(Mode mode, std::size_t threads)
    : mode_(mode), executor_({"scripted-store", threads, 4096}) {}

std::vector<base::ByteRange> ScriptedStore::ranges() const {
  const base::MutexLock lock(mutex_);
  std::vector<base::ByteRange> ranges;
  for (const auto& flight : flights_) ranges.push_back(flight->request.range);
  return ranges;
}

std::string ScriptedStore::if_match(std::size_t i) const { return At(i)->request.if_match; }

std::uint64_t ScriptedStore::object_size(std::size_t i) const { return At(i)->request.object_size; }

std::shared_ptr<ScriptedStore::Flight> ScriptedStore::At(std::size_t i) const {
  const base::MutexLock lock(mutex_);
  return flights_.at(i);
}

void ScriptedStore::Damage(std::uint64_t offset, int times) {
  const base::MutexLock lock(mutex_);
  damaged_ = offset;
  damages_ = times;
}

std::optional<std::uint64_t> ScriptedStore::TakeDamage(const base::ByteRange& sent) {
  const base::MutexLock lock(mutex_);
  if (damages_ == 0 || damaged_ < sent.offset || damaged_ >= sent.end()) return std::nullopt;
  --damages_;
  return damaged_;
}

void ScriptedStore::Copy(Flight& flight, std::uint64_t bytes) {
  std::uint64_t at = 0;
  for (const std::span<std::byte> piece : flight.request.into) {
    const std::uint64_t from = std::clamp(flight.arrived, at, at + piece.size());
    const std::uint64_t to = std::clamp(bytes, at, at + piece.size());
    const base::ByteRange sent{flight.request.range.offset + from, to - from};
    const std::span<std::byte> target = piece.subspan(from - at, to - from);
    FillPattern(flight.request.key, sent.offset, target);
    if (const auto damaged = TakeDamage(sent)) target[*damaged - sent.offset] ^= std::byte{1};
    at += piece.size();
  }
  flight.arrived = bytes;
  if (flight.request.progress) flight.request.progress(bytes);
}

void ScriptedStore::Arrive(std::size_t i, std::uint64_t bytes) { Copy(*At(i), bytes); }

void ScriptedStore::End(Flight& flight) {
  const base::MutexLock lock(mutex_);
  flight.over = true;
  --in_flight_;
}

void ScriptedStore::Answer(Flight& flight) {
  while (flight.arrived < flight.request.range.length) {
    Copy(flight, std::min(flight.request.range.length, flight.arrived + kPiece));
  }
  End(flight);
  objclient::ObjectHead head;
  head.key = flight.request.key;
  head.etag = flight.request.if_match;
  flight.done(std::move(head));
}

void ScriptedStore::Finish(std::size_t i) { Answer(*At(i)); }

void ScriptedStore::Fail(std::size_t i, base::Error error) {
  const auto flight = At(i);
  End(*flight);
  flight->done(std::move(error));
}

std::size_t ScriptedStore::FinishAll() {
  std::size_t finished = 0;
  for (std::size_t i = 0; i < requests(); ++i) {
    const auto flight = At(i);
    if (flight->over) continue;
    Answer(*flight);
    ++finished;
  }
  return finished;
}

std::size_t ScriptedStore::requests() const {
  const base::MutexLock lock(mutex_);
  return flights_.size();
}

std::uint64_t ScriptedStore::bytes() const {
  const base::MutexLock lock(mutex_);
  return bytes_;
}

std::size_t ScriptedStore::in_flight() const {
  const base::MutexLock lock(mutex_);
  return in_flight_;
}

std::size_t ScriptedStore::most_in_flight() const {
  const base::MutexLock lock(mutex_);
  return most_in_flight_;
}

void ScriptedStore::Get(objclient::GetRequest request,
                        objclient::Callback<objclient::ObjectHead> done) {
  auto flight = std::make_shared<Flight>();
  flight->request = std::move(request);
  flight->done = std::move(done);
  {
    const base::MutexLock lock(mutex_);
    flights_.push_back(flight);
    bytes_ += flight->request.range.length;
    most_in_flight_ = std::max(most_in_flight_, ++in_flight_);
  }
  if (mode_ == Mode::kAutomatic) executor_.Submit([this, flight] { Answer(*flight); });
}

void ScriptedStore::Put(objclient::PutRequest, objclient::Callback<objclient::ObjectHead> done) {
  executor_.Submit([done = std::move(done)] { done(Unsupported()); });
}
void ScriptedStore::UploadPart(objclient::PartRequest,
                               objclient::Callback<objclient::PartInfo> done) {
  executor_.Submit([done = std::move(done)] { done(Unsupported()); });
}
base::Result<objclient::ObjectHead> ScriptedStore::Head(const objclient::ObjectKey&) {
  return Unsupported();
}
base::Result<objclient::ObjectHead> ScriptedStore::Copy(const objclient::CopyRequest&) {
  return Unsupported();
}
base::Status ScriptedStore::Delete(const objclient::ObjectKey&, const std::string&) {
  return Unsupported();
}
base::Result<std::vector<std::pair<objclient::ObjectKey, base::Error>>> ScriptedStore::DeleteMany(
    const std::vector<objclient::DeleteRequest>&) {
  return Unsupported();
}
base::Result<objclient::ListPage> ScriptedStore::List(const objclient::ListRequest&) {
  return Unsupported();
}
base::Result<std::string> ScriptedStore::CreateMultipart(const objclient::ObjectKey&,
                                                         const objclient::Metadata&) {
  return Unsupported();
}
base::Result<objclient::PartInfo> ScriptedStore::UploadPartCopy(const objclient::ObjectKey&,
                                                                const std::string&, std::uint32_t,
                                                                const objclient::ObjectKey&,
                                                                const std::string&,
                                                                base::ByteRange) {
  return Unsupported();
}
base::Result<objclient::ObjectHead> ScriptedStore::CompleteMultipart(
    const objclient::ObjectKey&, const std::string&, const std::vector<objclient::PartInfo>&,
    const objclient::Precondition&) {
  return Unsupported();
}
base::Status ScriptedStore::AbortMultipart(const objclient::ObjectKey&, const std::string&) {
  return Unsupported();
}
base::Result<std::vector<objclient::PartInfo>> ScriptedStore::ListParts(const objclient::ObjectKey&,
                                                                        const std::string&) {
  return Unsupported();
}
base::Result<std::vector<objclient::UploadInfo>> ScriptedStore::ListUploads(
    const objclient::ObjectKey&) {
  return Unsupported();
}

}  // namespace testing_support
