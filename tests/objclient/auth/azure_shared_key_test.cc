#include "objclient/auth/azure_shared_key.h"

#include <gtest/gtest.h>

namespace objclient {
namespace {

HttpRequest PutBlock() {
  HttpRequest request;
  request.method = "PUT";
  request.url = "https://acct.blob.core.windows.net/box/a%20b?comp=block&blockid=QUI%3D";
  request.headers.Add("x-ms-version", "2021-12-02");
  request.headers.Add("X-Ms-Date", "Sun, 06 Nov 1994 08:49:37 GMT");
  request.headers.Add("content-md5", "CY9rzUYh03PK3k6DJie09g==");
  request.headers.Add("if-none-match", "*");
  static constexpr std::array<std::byte, 4> kBody = {};
  request.body = {kBody};
  request.has_body = true;
  return request;
}

TEST(SharedKeyStringToSign, NamesEverythingInItsPlace) {
  EXPECT_EQ(SharedKeyStringToSign(PutBlock(), "acct"),
            "PUT\n\n\n4\nCY9rzUYh03PK3k6DJie09g==\n\n\n\n\n*\n\n\n"
            "x-ms-date:Sun, 06 Nov 1994 08:49:37 GMT\nx-ms-version:2021-12-02\n"
            "/acct/box/a%20b\nblockid:QUI=\ncomp:block");
}

TEST(SharedKeyStringToSign, LeavesANoughtOut) {
  HttpRequest request;
  request.method = "GET";
  request.url = "http://127.0.0.1:10000/dev/box?restype=container&comp=list&prefix=";
  request.headers.Add("if-match", "\"0x1\"");
  EXPECT_EQ(
      SharedKeyStringToSign(request, "dev"),
      "GET\n\n\n\n\n\n\n\n\"0x1\"\n\n\n\n/dev/dev/box\ncomp:list\nprefix:\nrestype:container");
}

TEST(SharedKeyStringToSign, AnUnderlineComesBeforeDigitsAndLetters) {
  HttpRequest request;
  request.method = "HEAD";
  request.url = "https://acct.blob.core.windows.net/box/k";
  for (const char* name : {"a1b", "ab", "a_b", "a", "a_"}) {
    request.headers.Add(std::string("x-ms-meta-") + name, "v");
  }
  const std::string text = SharedKeyStringToSign(request, "acct");
  EXPECT_EQ(text.substr(text.find("x-ms-")),
            "x-ms-meta-a:v\nx-ms-meta-a_:v\nx-ms-meta-a_b:v\nx-ms-meta-a1b:v\nx-ms-meta-ab:v\n"
            "/acct/box/k");
}

TEST(SharedKeyAuthorization, IsAnHmacOfThatText) {
  // printf '...' | openssl dgst -sha256 -hmac secret -binary | base64
  EXPECT_EQ(SharedKeyAuthorization(PutBlock(), "acct", "secret"),
            "SharedKey acct:OTjyPUN0c/jY9wJGmXnngKliBF6Z5YVVBxtOWziyaaw=");
  EXPECT_NE(SharedKeyAuthorization(PutBlock(), "acct", "other"),
            SharedKeyAuthorization(PutBlock(), "acct", "secret"));
}

TEST(ReadOnlySas, SignsTheDecodedName) {
  const AzureCopySource source{"https://acct.blob.core.windows.net/box/a%20b", "box", "a b"};
  EXPECT_EQ(ReadOnlySas(source, "acct", "secret", 784111777),
            "sv=2020-12-06&sr=b&sp=r&se=1994-11-06T08%3A49%3A37Z&sig=pXufyy06tNMQA1%2FXZW%"
            "2FXTddpWA4R%2Fmce6rk5auAfNGk%3D");
}

}  // namespace
}  // namespace objclient
