#include "tests/objclient/azure/hierarchical_account.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "objclient/http/url.h"
#include "objclient/rest/xml.h"

namespace objclient {

namespace {

constexpr const char* kDate = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view kContainer = "/box";

FakeAnswer Refuse(int status, const std::string& code) {
  return {status, "", {{"x-ms-error-code", code}, {"x-ms-request-id", "req-1"}}, false};
}

std::string Bare(std::string text) {
  std::erase(text, '"');
  return text;
}

// The whole path of a URL or of x-ms-rename-source, without the container.
std::string PathIn(std::string_view text) {
  text = text.substr(0, text.find('?'));
  const auto at = text.find(kContainer);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + kContainer.size());
  if (text.starts_with('/')) text.remove_prefix(1);
  return PercentDecode(text, false);
}

}  // namespace

struct HierarchicalAccount::Request {
  explicit Request(const SentRequest& request) : sent(request), path(PathIn(request.url)) {
    std::string_view rest = sent.url;
    const auto question = rest.find('?');
    rest.remove_prefix(question == std::string_view::npos ? rest.size() : question + 1);
    while (!rest.empty()) {
      const std::string_view pair = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const auto equals = std::min(pair.find('='), pair.size());
      query[PercentDecode(pair.substr(0, equals), false)] =
          PercentDecode(pair.substr(std::min(equals + 1, pair.size())), false);
    }
  }
  std::string Header(const char* name) const { return sent.headers.Value(name); }
  std::string Query(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  }
  bool for_paths() const { return sent.url.find(".dfs.") != std::string::npos; }

  const SentRequest& sent;
  const std::string path;
  std::map<std::string, std::string> query;
};

FakeAnswer HierarchicalAccount::Answer(const SentRequest& sent) {
  FakeAnswer answer;
  LosesAnswer loses_answer;
  {
    base::MutexLock lock(mutex_);
    answer = Do(Request(sent));
    loses_answer = loses_answer_;
  }
  if (loses_answer && loses_answer(sent)) return {200, "", {}, true};
  return answer;
}

void HierarchicalAccount::LoseAnswers(LosesAnswer loses_answer) {
  base::MutexLock lock(mutex_);
  loses_answer_ = std::move(loses_answer);
}

FakeAnswer HierarchicalAccount::Do(const Request& request) {
  return request.for_paths() ? DoPath(request) : DoBlob(request);
}

FakeAnswer HierarchicalAccount::DoBlob(const Request& request) {
  const std::string& method = request.sent.method;
  if (request.Query("restype") == "account") {
    if (!tells_account_) return Refuse(403, "AuthorizationPermissionMismatch");
    return {200, "", {{"x-ms-is-hns-enabled", "true"}, {"x-ms-account-kind", "StorageV2"}}, false};
  }
  if (request.Query("comp") == "list") return List(request);
  if (request.Query("comp") == "batch") {
    return Refuse(409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts");
  }
  if (method == "PUT" && !request.Header("x-ms-copy-source").empty()) return Copy(request);
  if (method == "PUT") return Put(request);
  if (method == "DELETE") return Delete(request);
  return Read(request);
}

FakeAnswer HierarchicalAccount::List(const Request& request) {
  const std::string prefix = request.Query("prefix");
  const bool grouped = request.Query("delimiter") == "/";
  std::string body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>";
  for (auto at = nodes_.lower_bound(prefix); at != nodes_.end() && at->first.starts_with(prefix);
       ++at) {
    const auto& [path, node] = *at;
    if (grouped && path.find('/', prefix.size()) != std::string::npos) continue;
    const std::string properties = fmt::format(
        "<Properties><Last-Modified>{}</Last-Modified><Etag>{}</Etag><ResourceType>{}"
        "</ResourceType><Content-Length>{}</Content-Length></Properties>",
        kDate, node.etag, node.directory ? "directory" : "file", node.bytes.size());
    const char* const kind = grouped && node.directory ? "BlobPrefix" : "Blob";
    body += fmt::format("<{}><Name>{}{}</Name>{}</{}>", kind, XmlEscape(path),
                        grouped && node.directory ? "/" : "", properties, kind);
  }
  return {200, body + "</Blobs><NextMarker /></EnumerationResults>", {}, false};
}

std::string HierarchicalAccount::Refusal(const Request& request, const std::string& path) const {
  const auto there = nodes_.find(path);
  if (request.Header("if-none-match") == "*" && there != nodes_.end()) return "exists";
  const std::string if_match = Bare(request.Header("if-match"));
  const bool matches = there != nodes_.end() && there->second.etag == if_match;
  return if_match.empty() || matches ? "" : "ConditionNotMet";
}

FakeAnswer HierarchicalAccount::Put(const Request& request) {
  const auto there = nodes_.find(request.path);
  if (const std::string refusal = Refusal(request, request.path); !refusal.empty()) {
    return refusal == "exists" ? Refuse(409, "BlobAlreadyExists") : Refuse(412, refusal);
  }
  if (there != nodes_.end() && there->second.directory) return Refuse(409, "ResourceTypeMismatch");
  if (request.Header("x-ms-blob-type") != "BlockBlob") return Refuse(400, "InvalidHeaderValue");
  Node node;
  node.bytes = request.sent.body;
  node.etag = NextEtag();
  for (const auto& header : request.sent.headers.all()) {
    if (header.first.starts_with("x-ms-meta-")) node.metadata.push_back(header);
  }
  MakeAbove(request.path);
  nodes_[request.path] = node;
  return {201, "", {{"etag", '"' + node.etag + '"'}}, false};
}

FakeAnswer HierarchicalAccount::Copy(const Request& request) {
  const auto source = nodes_.find(PathIn(request.Header("x-ms-copy-source")));
  if (source == nodes_.end()) return Refuse(404, "CannotVerifyCopySource");
  if (const std::string refusal = Refusal(request, request.path); !refusal.empty()) {
    return refusal == "exists" ? Refuse(409, "BlobAlreadyExists") : Refuse(412, refusal);
  }
  Node node = source->second;
  node.etag = NextEtag();
  MakeAbove(request.path);
  nodes_[request.path] = node;
  return {202, "", {{"etag", '"' + node.etag + '"'}, {"x-ms-copy-status", "success"}}, false};
}

FakeAnswer HierarchicalAccount::Read(const Request& request) {
  const auto there = nodes_.find(request.path);
  if (there == nodes_.end()) return Refuse(404, "BlobNotFound");
  const Node& node = there->second;
  if (!Refusal(request, request.path).empty()) return Refuse(412, "ConditionNotMet");
  FakeAnswer answer{200, "", node.metadata, false};
  answer.headers.emplace_back("etag", '"' + node.etag + '"');
  answer.headers.emplace_back("last-modified", kDate);
  if (node.directory) answer.headers.emplace_back("x-ms-meta-hdi_isfolder", "true");
  if (request.sent.method == "HEAD") {
    answer.headers.emplace_back("content-length", std::to_string(node.bytes.size()));
    return answer;
  }
  const auto range = ParseContentRange(
      fmt::format("bytes {}/{}", request.Header("x-ms-range").substr(6), node.bytes.size()));
  if (!range) return Refuse(416, "InvalidRange");
  answer.status = 206;
  answer.body = node.bytes.substr(range->first, range->last - range->first + 1);
  answer.headers.emplace_back("content-length", std::to_string(answer.body.size()));
  answer.headers.emplace_back(
      "content-range", fmt::format("bytes {}-{}/{}", range->first, range->last, node.bytes.size()));
  return answer;
}

FakeAnswer HierarchicalAccount::Delete(const Request& request) {
  const auto there = nodes_.find(request.path);
  if (there == nodes_.end()) return Refuse(404, "BlobNotFound");
  if (there->second.directory) return Refuse(400, "OperationNotSupportedOnDirectory");
  if (!Refusal(request, request.path).empty()) return Refuse(412, "ConditionNotMet");
  nodes_.erase(there);
  return {202, "", {}, false};
}

FakeAnswer HierarchicalAccount::DoPath(const Request& request) {
  const std::string& method = request.sent.method;
  const std::string action = request.Query("action");
  if (method == "PUT" && !request.Header("x-ms-rename-source").empty()) return Rename(request);
  if (method == "PUT" && request.Query("resource") == "directory") return Create(request);
  if (method == "DELETE") return Remove(request);
  const bool root = request.path.empty();
  const auto there = nodes_.find(request.path);
  if (!root && there == nodes_.end()) return Refuse(404, "PathNotFound");
  if (method == "PATCH" && action == "setAccessControl" && !root) {
    there->second.permissions = request.Header("x-ms-permissions");
    return {200, "", {}, false};
  }
  if (method == "HEAD" && action == "getAccessControl") {
    const std::string permissions = root ? "rwxr-x---" : there->second.permissions;
    return {200,
            "",
            {{"x-ms-owner", "$superuser"},
             {"x-ms-group", "$superuser"},
             {"x-ms-permissions", permissions},
             {"x-ms-acl", "user::rw-,group::r--,other::---"}},
            false};
  }
  return Refuse(400, "InvalidQueryParameterValue");
}

FakeAnswer HierarchicalAccount::Rename(const Request& request) {
  const std::string from = PathIn(request.Header("x-ms-rename-source"));
  const auto source = nodes_.find(from);
  if (source == nodes_.end()) return Refuse(404, "SourcePathNotFound");
  const std::string wanted = Bare(request.Header("x-ms-source-if-match"));
  if (!wanted.empty() && wanted != source->second.etag) return Refuse(412, "SourceConditionNotMet");
  const auto slash = request.path.rfind('/');
  const bool has_parent =
      slash == std::string::npos || nodes_.contains(request.path.substr(0, slash));
  if (!has_parent) return Refuse(404, "RenameDestinationParentPathNotFound");
  if (const std::string refusal = Refusal(request, request.path); !refusal.empty()) {
    return refusal == "exists" ? Refuse(409, "PathAlreadyExists") : Refuse(412, refusal);
  }
  Node node = source->second;
  nodes_.erase(source);
  nodes_[request.path] = std::move(node);
  return {201, "", {}, false};
}

FakeAnswer HierarchicalAccount::Create(const Request& request) {
  if (!Refusal(request, request.path).empty()) return Refuse(409, "PathAlreadyExists");
  MakeAbove(request.path + "/");
  return {201, "", {}, false};
}

FakeAnswer HierarchicalAccount::Remove(const Request& request) {
  if (!nodes_.contains(request.path)) return Refuse(404, "PathNotFound");
  if (const std::string refusal = Refusal(request, request.path); !refusal.empty()) {
    return Refuse(412, refusal);
  }
  if (request.Query("recursive") != "true" && HasBelow(request.path)) {
    return Refuse(409, "DirectoryNotEmpty");
  }
  nodes_.erase(request.path);
  return {200, "", {}, false};
}

void HierarchicalAccount::MakeAbove(const std::string& path) {
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    Node directory;
    directory.directory = true;
    directory.etag = NextEtag();
    nodes_.try_emplace(path.substr(0, slash), directory);
  }
}

bool HierarchicalAccount::HasBelow(const std::string& path) const {
  const auto below = nodes_.lower_bound(path + "/");
  return below != nodes_.end() && below->first.starts_with(path + "/");
}

std::string HierarchicalAccount::NextEtag() { return fmt::format("0x8D{:06}", ++etags_); }

std::vector<std::string> HierarchicalAccount::Paths() const {
  base::MutexLock lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, node] : nodes_) paths.push_back(node.directory ? path + "/" : path);
  return paths;
}

void HierarchicalAccount::MakeDirectory(const std::string& path) {
  base::MutexLock lock(mutex_);
  MakeAbove(path + "/");
}

void HierarchicalAccount::PutBlob(const std::string& path, const std::string& bytes) {
  base::MutexLock lock(mutex_);
  MakeAbove(path);
  Node node;
  node.bytes = bytes;
  node.etag = NextEtag();
  nodes_[path] = node;
}

std::string HierarchicalAccount::EtagOf(const std::string& path) const {
  base::MutexLock lock(mutex_);
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? "" : found->second.etag;
}

}  // namespace objclient
