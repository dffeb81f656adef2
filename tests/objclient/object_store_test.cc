#include "objclient/object_store.h"

#include <gtest/gtest.h>

#include <array>

#include "objclient/memory/memory_store.h"

namespace objclient {
namespace {

TEST(Body, SizeIsThatOfAllPieces) {
  const std::array<std::byte, 5> bytes{};
  Body body;
  EXPECT_EQ(body.size(), 0u);
  body.pieces = {bytes, std::span(bytes).first(2), {}};
  EXPECT_EQ(body.size(), 7u);
}

TEST(AndWait, AnswersWhatTheCallbackSaid) {
  MemoryStore store(base::SystemClock());
  std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  PutRequest put;
  put.key = "k";
  put.body.pieces = {bytes};
  ASSERT_TRUE(PutAndWait(store, put).ok());
  std::array<std::byte, 2> read{};
  GetRequest get;
  get.key = "k";
  get.range = {1, 2};
  get.into = {read};
  const auto head = GetAndWait(store, get);
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->size, 3u);
  EXPECT_EQ(read[1], std::byte{3});
  PartRequest part;
  part.key = "k";
  part.upload_id = "none";
  part.number = 1;
  EXPECT_EQ(UploadPartAndWait(store, part).error().error_class(), base::ErrorClass::kNotFound);
}

}  // namespace
}  // namespace objclient
