#include "objclient/azure/azure_request.h"

#include <gtest/gtest.h>

#include "base/digest/digest.h"
#include "tests/objclient/rest/fake_transport.h"

namespace objclient {
namespace {

TEST(MetadataName, IsAnIdentifierAndComesBack) {
  EXPECT_EQ(MetadataNameOnTheWire("cairnfs-upload"), "cairnfs_x2dupload");
  EXPECT_EQ(MetadataNameOnTheWire("hdi_isfolder"), "hdi_isfolder");
  EXPECT_EQ(MetadataNameOnTheWire("1st"), "_x31st");
  for (const char* name : {"mode", "cairnfs-upload", "a.b-c", "1st", "_x2d", "a_x2d", "_", "__x",
                           "_x2", "_xzz", "x2d", "-", "_x5f_x5f"}) {
    const std::string wire = MetadataNameOnTheWire(name);
    EXPECT_EQ(MetadataNameFromTheWire(wire), name) << wire;
    EXPECT_EQ(wire.find_first_of("-."), std::string::npos) << wire;
    EXPECT_FALSE(wire.front() >= '0' && wire.front() <= '9') << wire;
  }
}

TEST(AddMetadata, RefusesWhatDoesNotFitIntoAHeader) {
  AzureRequest request = BuildHeadBlob("k");
  EXPECT_TRUE(AddMetadata(request, {{"mode", "0644"}}).ok());
  EXPECT_EQ(request.headers.Value("x-ms-meta-mode"), "0644");
  EXPECT_FALSE(AddMetadata(request, {{"a", "b\nc"}}).ok());
  EXPECT_FALSE(AddMetadata(request, {{"a", "\xC3\xA9"}}).ok());
  EXPECT_FALSE(AddMetadata(request, {{"", "b"}}).ok());
}

TEST(AddChecksum, IsLittleEndian) {
  // The value that the service itself answers for these bytes.
  AzureRequest request = BuildHeadBlob("k");
  AddChecksum(request, base::Crc64Nvme(0, BytesOf("Hello Azure!")));
  EXPECT_EQ(request.headers.Value("x-ms-content-crc64"), "DtjZpL9/o8c=");
}

TEST(BuildGetBlob, RangeAndCondition) {
  const AzureRequest request = BuildGetBlob("k", {10, 5}, "e");
  EXPECT_EQ(request.headers.Value("x-ms-range"), "bytes=10-14");
  EXPECT_EQ(request.headers.Value("if-match"), "\"e\"");
  EXPECT_FALSE(request.urgent);
}

TEST(BuildListBlobs, AsksForOnePage) {
  ListRequest list{"p/", "/", "next", 9999};
  EXPECT_EQ(EncodedQuery(BuildListBlobs("all/p/", list)),
            "restype=container&comp=list&prefix=all%2Fp%2F&include=metadata&maxresults=5000&"
            "delimiter=%2F&marker=next");
}

TEST(BuildCopyBlob, IsSynchronousAndConditional) {
  const AzureRequest request = BuildCopyBlob("from", "e", "to");
  EXPECT_EQ(request.key, "to");
  EXPECT_EQ(request.copy_source, "from");
  EXPECT_EQ(request.headers.Value("x-ms-requires-sync"), "true");
  EXPECT_EQ(request.headers.Value("x-ms-source-if-match"), "\"e\"");
  EXPECT_TRUE(request.slow);
}

TEST(BuildPutBlockList, KeepsTheOrder) {
  const AzureRequest request = BuildPutBlockList("k", {"YjI=", "YjE="});
  EXPECT_NE(request.document.find("<Latest>YjI=</Latest><Latest>YjE=</Latest>"), std::string::npos);
  EXPECT_EQ(EncodedQuery(request), "comp=blocklist");
}

TEST(BuildGetBlockList, AsksForWhatIsCommitted) {
  const AzureRequest request = BuildGetBlockList("k");
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(EncodedQuery(request), "comp=blocklist&blocklisttype=committed");
}

TEST(BuildBatch, CarriesWholeRequests) {
  HttpRequest deletion;
  deletion.method = "DELETE";
  deletion.url = "https://acct.blob.core.windows.net/box/a%20b?sig=x";
  deletion.headers.Add("authorization", "SharedKey acct:x");
  const AzureRequest request = BuildBatch({deletion, deletion}, "edge");
  EXPECT_EQ(request.headers.Value("content-type"), "multipart/mixed; boundary=edge");
  EXPECT_EQ(request.document.substr(0, request.document.find("--edge", 1)),
            "--edge\r\ncontent-type: application/http\r\ncontent-transfer-encoding: binary\r\n"
            "content-id: 0\r\n\r\nDELETE /box/a%20b?sig=x HTTP/1.1\r\n"
            "authorization: SharedKey acct:x\r\ncontent-length: 0\r\n\r\n");
  EXPECT_NE(request.document.find("content-id: 1\r\n"), std::string::npos);
  EXPECT_TRUE(request.document.ends_with("--edge--\r\n"));
  EXPECT_TRUE(request.slow) << "256 keys may take a server longer than an answer may";
}

}  // namespace
}  // namespace objclient
