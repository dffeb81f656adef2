#include "tests/objclient/s3/fake_s3.h"

#include "base/digest/digest.h"
#include "objclient/http/url.h"
#include "tests/objclient/s3/s3_fixture.h"

namespace objclient {

namespace {

FakeAnswer Refuse(int status, const std::string& code) { return {status, ErrorXml(code), {}}; }

FakeAnswer WithEtag(const std::string& content) {
  return {200, "", {{"ETag", '"' + FakeS3::EtagOf(content) + '"'}}};
}

std::string QueryValue(const std::string& query, const std::string& name) {
  const auto at = query.find(name + "=");
  if (at == std::string::npos) return {};
  const auto start = at + name.size() + 1;
  return PercentDecode(query.substr(start, query.find('&', start) - start), false);
}

}  // namespace

std::string FakeS3::EtagOf(const std::string& content) {
  return base::HexLower(base::Md5(BytesOf(content)));
}

bool FakeS3::Passes(const SentRequest& request, const std::string& key, bool absent_honoured,
                    bool match_honoured, EtagStyle style) const {
  const auto object = objects_.find(key);
  if (absent_honoured && request.headers.Find("if-none-match") && object != objects_.end()) {
    return false;
  }
  const std::string* wanted = request.headers.Find("if-match");
  if (!match_honoured || wanted == nullptr) return true;
  if (object == objects_.end()) return false;
  const std::string etag = EtagOf(object->second);
  return *wanted == (style == EtagStyle::kQuoted ? '"' + etag + '"' : etag);
}

FakeAnswer FakeS3::operator()(const SentRequest& request) {
  base::MutexLock lock(mutex_);
  if (meanwhile) meanwhile(request.method, objects_);
  const std::string rest = request.url.substr(std::string("http://s3:1/bucket/").size());
  const auto mark = rest.find('?');
  const std::string key = PercentDecode(rest.substr(0, mark), false);
  const std::string query = mark == std::string::npos ? "" : rest.substr(mark + 1);
  const std::string id = QueryValue(query, "uploadId");
  if (request.method == "PUT") return Write(request, key, query);
  if (request.method == "POST" && query == "uploads=") {
    const std::string fresh = "id" + std::to_string(next_id_++);
    uploads_[fresh] = "";
    return {200,
            "<InitiateMultipartUploadResult><UploadId>" + fresh +
                "</UploadId></InitiateMultipartUploadResult>",
            {}};
  }
  if (request.method == "POST" && query == "delete=") return DeleteMany(request);
  if (request.method == "POST") return Complete(request, key, id);
  const auto object = objects_.find(key);
  if (request.method == "DELETE" && !id.empty()) {
    return uploads_.erase(id) > 0 ? FakeAnswer{204, "", {}} : Refuse(404, "NoSuchUpload");
  }
  if (request.method == "DELETE") {
    if (!Passes(request, key, false, traits_.delete_if_match, traits_.if_match_style)) {
      return Refuse(412, "PreconditionFailed");
    }
    objects_.erase(key);
    return {204, "", {}};
  }
  if (object == objects_.end()) return {404, "", {}};
  FakeAnswer head = WithEtag(object->second);
  head.headers.emplace_back("Content-Length", std::to_string(object->second.size()));
  return head;
}

FakeAnswer FakeS3::Write(const SentRequest& request, const std::string& key,
                         const std::string& query) {
  const std::string id = QueryValue(query, "uploadId");
  if (request.headers.Find("x-amz-copy-source")) return Copy(request, key, !id.empty());
  const std::string* sum = request.headers.Find("x-amz-checksum-crc32c");
  const auto right = base::Base64Crc32c(base::Crc32c(0, BytesOf(request.body)));
  if (traits_.checksum_crc32c && sum != nullptr && *sum != right) return Refuse(400, "BadDigest");
  if (!id.empty()) {
    uploads_[id] = request.body;
    return WithEtag(request.body);
  }
  if (!Passes(request, key, traits_.put_if_absent, traits_.put_if_match, traits_.if_match_style)) {
    return Refuse(412, "PreconditionFailed");
  }
  objects_[key] = request.body;
  return WithEtag(request.body);
}

FakeAnswer FakeS3::Copy(const SentRequest& request, const std::string& key, bool part) {
  const std::string source =
      PercentDecode(request.headers.Value("x-amz-copy-source"), false).substr(8);
  if (part && !traits_.part_copy) return WithEtag(request.body);
  if (!part && !traits_.copy) return Refuse(501, "NotImplemented");
  const auto object = objects_.find(source);
  if (object == objects_.end()) return Refuse(404, "NoSuchKey");
  const std::string content = object->second;
  const std::string* wanted = request.headers.Find("x-amz-copy-source-if-match");
  const bool honoured = part ? traits_.part_copy_source_if_match : traits_.copy_source_if_match;
  if (honoured && wanted != nullptr && *wanted != '"' + EtagOf(content) + '"') {
    return Refuse(412, "PreconditionFailed");
  }
  const bool target = traits_.copy_target_condition;
  if (!part && !Passes(request, key, target, target, EtagStyle::kQuoted)) {
    return Refuse(412, "PreconditionFailed");
  }
  if (!part) objects_[key] = content;
  const std::string name = part ? "CopyPartResult" : "CopyObjectResult";
  return {200, "<" + name + "><ETag>\"" + EtagOf(content) + "\"</ETag></" + name + ">", {}};
}

FakeAnswer FakeS3::Complete(const SentRequest& request, const std::string& key,
                            const std::string& id) {
  const auto upload = uploads_.find(id);
  if (upload == uploads_.end()) return Refuse(404, "NoSuchUpload");
  const bool honoured = traits_.complete_condition;
  if (!Passes(request, key, honoured, honoured, traits_.if_match_style)) {
    return Refuse(412, "PreconditionFailed");
  }
  const std::string sum = base::Base64Crc32c(base::Crc32c(0, BytesOf(upload->second)));
  const std::string* wanted = request.headers.Find("x-amz-checksum-crc32c");
  if (traits_.checksum_whole && wanted != nullptr && *wanted != sum) {
    return Refuse(400, "BadDigest");
  }
  objects_[key] = upload->second;
  const std::string etag = EtagOf(upload->second);
  uploads_.erase(upload);
  const std::string kept =
      traits_.checksum_whole ? "<ChecksumCRC32C>" + sum + "</ChecksumCRC32C>" : "";
  return {200,
          "<CompleteMultipartUploadResult><ETag>&quot;" + etag + "&quot;</ETag>" + kept +
              "</CompleteMultipartUploadResult>",
          {}};
}

FakeAnswer FakeS3::DeleteMany(const SentRequest& request) {
  if (!traits_.delete_many) return Refuse(501, "NotImplemented");
  std::string refused;
  const auto text_of = [](const std::string& object, const std::string& name) {
    const auto start = object.find("<" + name + ">");
    if (start == std::string::npos) return std::string();
    const auto first = start + name.size() + 2;
    return object.substr(first, object.find("</", first) - first);
  };
  const std::string begin = "<Object>";
  for (auto at = request.body.find(begin); at != std::string::npos;
       at = request.body.find(begin, at + 1)) {
    const std::string object = request.body.substr(at, request.body.find("</Object>", at) - at);
    const std::string key = text_of(object, "Key");
    const std::string wanted = text_of(object, "ETag");
    const auto found = objects_.find(key);
    if (found == objects_.end()) continue;
    if (traits_.delete_many_if_match && !wanted.empty() &&
        wanted != "&quot;" + EtagOf(found->second) + "&quot;") {
      refused += "<Error><Key>" + key + "</Key><Code>PreconditionFailed</Code></Error>";
      continue;
    }
    objects_.erase(found);
  }
  return {200, "<DeleteResult>" + refused + "</DeleteResult>", {}};
}

}  // namespace objclient
