#include "objclient/azure/azure_access.h"

#include "objclient/azure/azure_namespace.h"
#include "objclient/azure/azure_session.h"

namespace objclient {

namespace {

constexpr std::string_view kHint = "does the account have a hierarchical name space?";

// A flat account calls every such request a bad one.
base::Error Explained(const base::Error& error) {
  return error.error_class() == base::ErrorClass::kInvalid ? error.Annotate(kHint) : error;
}

}  // namespace

AzureRequest BuildSetAccess(const std::string& path, const PathAccess& change) {
  AzureRequest request{MakeRequest("PATCH", path), "", "", true};
  request.query = {{"action", "setAccessControl"}};
  request.has_body = true;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) request.headers.Add(name, value);
  };
  add("x-ms-owner", change.owner);
  add("x-ms-group", change.group);
  add("x-ms-permissions", change.permissions);
  add("x-ms-acl", change.acl);
  return request;
}

base::Result<PathAccess> GetAccess(AzureSession& session, const std::string& path) {
  const auto answer = session.Call(BuildGetAccess(path));
  if (!answer.ok()) return Explained(answer.error());
  const HttpHeaders& headers = answer->response.headers;
  if (headers.Find("x-ms-permissions") == nullptr) {
    return base::Error(base::ErrorClass::kUnsupported, "no permissions in the answer")
        .Annotate(kHint);
  }
  return PathAccess{headers.Value("x-ms-owner"), headers.Value("x-ms-group"),
                    headers.Value("x-ms-permissions"), headers.Value("x-ms-acl")};
}

base::Status SetAccess(AzureSession& session, const std::string& path, const PathAccess& change) {
  if (!change.permissions.empty() && !change.acl.empty()) {
    return base::Error(base::ErrorClass::kInvalid,
                       "permissions and an ACL cannot be set at once: the ACL says both");
  }
  const auto answer = session.Call(BuildSetAccess(path, change));
  return answer.ok() ? base::Ok() : base::Status(Explained(answer.error()));
}

}  // namespace objclient
