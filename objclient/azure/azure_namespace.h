// What only accounts with a hierarchical name space have (Azure Data Lake Storage Gen2): requests
// to the endpoint that knows paths, and the question whether an account is one of them. Builders
// are pure functions; paths are whole names in the container, without a '/' at the end.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "objclient/azure/azure_request.h"

namespace objclient {

class AzureSession;

enum class NameSpace : std::uint8_t { kFlat, kHierarchical };
// As words, for the next mount. Nothing for a text of others.
std::string FormatNameSpace(NameSpace kind);
std::optional<NameSpace> ParseNameSpace(std::string_view text);
// kAuth where these credentials may not ask. Blocks.
base::Result<NameSpace> AskNameSpace(AzureSession& session);

AzureRequest BuildAccountInfo();
// Answers owner, group, permissions and ACL in headers. "" is the root directory.
AzureRequest BuildGetAccess(const std::string& path);
AzureRequest BuildRename(const std::string& source, const std::string& source_if_match,
                         const std::string& target);
// With the directories above it. Refused where there is one.
AzureRequest BuildMakeDirectory(const std::string& path);
// Refused unless it is empty.
AzureRequest BuildDeleteDirectory(const std::string& path);

// A refused rename for want of a directory to move to.
bool LacksParent(const base::Error& refusal);

}  // namespace objclient
