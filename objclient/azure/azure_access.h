// Who may do what with a path of an account with a hierarchical name space, as the account has it.
// For a person who asks or decides; a mount does neither. Blocks.
#pragma once

#include <string>

#include "base/result.h"
#include "objclient/azure/azure_request.h"

namespace objclient {

class AzureSession;

struct PathAccess {
  std::string owner;        // an identity's id, or "$superuser"
  std::string group;        // the same
  std::string permissions;  // "rwxr-x---", or octal where it is to be set
  std::string acl;          // "user::rwx,group::r-x,other::---,..."
};

// `path`: whole name in the container, without a '/' at the end; "" = the root directory.
base::Result<PathAccess> GetAccess(AzureSession& session, const std::string& path);
// What is empty stays. kInvalid for permissions and ACL at once: one says the other.
base::Status SetAccess(AzureSession& session, const std::string& path, const PathAccess& change);

AzureRequest BuildSetAccess(const std::string& path, const PathAccess& change);

}  // namespace objclient
