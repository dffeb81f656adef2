#include "objclient/object_store.h"

#include <future>
#include <utility>

namespace objclient {
namespace {

// Starts a bulk verb and blocks until its callback. The promise is shared: the callback may still
// be returning from set_value when the waiter has gone on.
template <typename T, typename Start>
base::Result<T> Wait(const Start& start) {
  auto promise = std::make_shared<std::promise<base::Result<T>>>();
  auto answer = promise->get_future();
  start([promise](base::Result<T> result) { promise->set_value(std::move(result)); });
  return answer.get();
}

}  // namespace

std::uint64_t Body::size() const {
  std::uint64_t total = 0;
  for (const auto& piece : pieces) total += piece.size();
  return total;
}

base::Result<ObjectHead> ObjectStore::Move(const CopyRequest& request) {
  return base::Error(base::ErrorClass::kUnsupported,
                     request.source + ": this store moves no objects");
}

base::Result<ObjectHead> GetAndWait(ObjectStore& store, GetRequest request) {
  return Wait<ObjectHead>(
      [&](Callback<ObjectHead> done) { store.Get(std::move(request), std::move(done)); });
}

base::Result<ObjectHead> PutAndWait(ObjectStore& store, PutRequest request) {
  return Wait<ObjectHead>(
      [&](Callback<ObjectHead> done) { store.Put(std::move(request), std::move(done)); });
}

base::Result<PartInfo> UploadPartAndWait(ObjectStore& store, PartRequest request) {
  return Wait<PartInfo>(
      [&](Callback<PartInfo> done) { store.UploadPart(std::move(request), std::move(done)); });
}

}  // namespace objclient
