#include "objclient/azure/azure_namespace.h"

#include "objclient/azure/azure_session.h"

namespace objclient {

namespace {

constexpr std::string_view kFlatText = "azure flat";
constexpr std::string_view kHierarchicalText = "azure hierarchical";

AzureRequest MakeForPath(std::string method, const std::string& path) {
  AzureRequest request{MakeRequest(std::move(method), path), "", "", true};
  request.has_body = request.method == "PUT";
  return request;
}

}  // namespace

std::string FormatNameSpace(NameSpace kind) {
  return std::string(kind == NameSpace::kHierarchical ? kHierarchicalText : kFlatText);
}

std::optional<NameSpace> ParseNameSpace(std::string_view text) {
  if (text == kFlatText) return NameSpace::kFlat;
  if (text == kHierarchicalText) return NameSpace::kHierarchical;
  return std::nullopt;
}

base::Result<NameSpace> AskNameSpace(AzureSession& session) {
  const auto account = session.Call(BuildAccountInfo());
  if (!account.ok() && base::IsRetryable(account.error())) return account.error();
  const std::string flag =
      account.ok() ? account->response.headers.Value("x-ms-is-hns-enabled") : "";
  if (flag == "false") return NameSpace::kFlat;
  // Who may use the data need not be allowed to ask about the account. The root directory has
  // permissions where there are directories, and asking for them is a bad request elsewhere. Where
  // the account has told, it shows that its other endpoint can be reached.
  const auto root = session.Call(BuildGetAccess(""));
  if (root.ok()) {
    const bool answered = root->response.headers.Find("x-ms-permissions") != nullptr;
    return answered ? NameSpace::kHierarchical : NameSpace::kFlat;
  }
  if (root.error().error_class() == base::ErrorClass::kInvalid) return NameSpace::kFlat;
  const bool known = flag == "true" && !base::IsRetryable(root.error());
  return known ? base::Result<NameSpace>(NameSpace::kHierarchical) : root.error();
}

AzureRequest BuildAccountInfo() {
  AzureRequest request{MakeRequest("GET", ""), "", "", false};
  request.query = {{"restype", "account"}, {"comp", "properties"}};
  return request;
}

AzureRequest BuildGetAccess(const std::string& path) {
  AzureRequest request = MakeForPath("HEAD", path);
  request.query = {{"action", "getAccessControl"}};
  return request;
}

AzureRequest BuildRename(const std::string& source, const std::string& source_if_match,
                         const std::string& target) {
  AzureRequest request = MakeForPath("PUT", target);
  request.rename_source = source;
  if (!source_if_match.empty()) {
    request.headers.Add("x-ms-source-if-match", Quoted(source_if_match));
  }
  return request;
}

AzureRequest BuildMakeDirectory(const std::string& path) {
  AzureRequest request = MakeForPath("PUT", path);
  request.query = {{"resource", "directory"}};
  AddPrecondition(request, {true, ""});
  return request;
}

AzureRequest BuildDeleteDirectory(const std::string& path) {
  AzureRequest request = MakeForPath("DELETE", path);
  request.query = {{"recursive", "false"}};
  return request;
}

bool LacksParent(const base::Error& refusal) {
  return refusal.error_class() == base::ErrorClass::kNotFound &&
         refusal.message().find("RenameDestinationParentPathNotFound") != std::string::npos;
}

}  // namespace objclient
