// cairnfs acl MOUNTED_PATH | URL [PATH]: who may do what with a path, as an Azure account with a
// hierarchical name space has it.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "fs/cli/command.h"
#include "fs/cli/look.h"
#include "fs/cli/usage.h"
#include "fs/object_naming.h"
#include "fs/volume_paths.h"
#include "objclient/azure/azure_access.h"
#include "objclient/azure/azure_namespace.h"
#include "objclient/azure/azure_store.h"

namespace fs::cli {
namespace {

struct AclArguments {
  VolumeOptions volume;
  std::string path;
  objclient::PathAccess change;
};

// Where the bytes of the file are now, or what stands for a directory.
base::Result<objclient::ObjectKey> KeyOf(const Look& look) {
  if (look.inode.is_file()) {
    TRY_ASSIGN(const auto extents, look.catalog->GetExtents(look.inode.id));
    if (!extents.empty()) return extents.front().object.key;
  }
  TRY_ASSIGN(const auto paths, look.catalog->Paths(look.inode.id));
  if (paths.empty()) return base::Error(base::ErrorClass::kNotFound, "/" + look.path);
  return NativeKey(paths.front().key);
}

base::Error NoAcls(const std::string& volume, const char* what) {
  return {
      base::ErrorClass::kUnsupported,
      volume + " is " + what +
          ", which keeps no ACLs: only Azure accounts with a hierarchical name space (Data Lake "
          "Storage) do. Permissions of this volume are set on its mount: chmod, chown"};
}

// A flat account answers questions about ACLs in ways that say nothing of the reason.
base::Error Explained(objclient::AzureSession& session, const std::string& volume,
                      const base::Error& error) {
  const auto kind = objclient::AskNameSpace(session);
  const bool flat = kind.ok() && *kind == objclient::NameSpace::kFlat;
  return flat ? NoAcls(volume, "in a flat Azure account") : error;
}

base::Status ShowOrSet(const AclArguments& arguments) {
  TRY_ASSIGN(const Look look, OpenLook(arguments.volume, arguments.path));
  TRY_ASSIGN(const meta::VolumeInfo volume, look.catalog->Volume());
  const auto [place, endpoint] = SplitVolumeIdentity(volume.url);
  TRY_ASSIGN(const objclient::BucketUrl url, objclient::ParseBucketUrl(place));
  using Kind = objclient::BucketUrl::Kind;
  if (url.kind != Kind::kAzure) {
    return NoAcls(place, url.kind == Kind::kS3 ? "an S3 bucket" : "a local folder");
  }
  TRY_ASSIGN(const objclient::ObjectKey key, KeyOf(look));
  std::string path = url.prefix + key;
  if (path.ends_with('/')) path.pop_back();  // the volume's own directory
  objclient::StoreOptions store = arguments.volume.store;
  if (store.endpoint.empty()) store.endpoint = endpoint;
  base::Metrics metrics;
  TRY_ASSIGN(const auto session,
             objclient::OpenAzureSession(url, store, objclient::ProcessEnvironment(),
                                         base::SystemClock(), metrics));
  const objclient::PathAccess& change = arguments.change;
  const bool changes = !change.owner.empty() || !change.group.empty() ||
                       !change.permissions.empty() || !change.acl.empty();
  if (changes) {
    const base::Status set = objclient::SetAccess(*session, path, change);
    if (!set.ok()) return Explained(*session, place, set.error());
  }
  const auto access = objclient::GetAccess(*session, path);
  if (!access.ok()) return Explained(*session, place, access.error());
  std::printf("owner: %s\ngroup: %s\npermissions: %s\nacl: %s\n", access->owner.c_str(),
              access->group.c_str(), access->permissions.c_str(), access->acl.c_str());
  return base::Ok();
}

}  // namespace

void AddAclCommand(CLI::App& app, Run& chosen) {
  CLI::App* command = app.add_subcommand(
      "acl", "Show or set owner, permissions and ACL of a path in an Azure Data Lake account");
  auto arguments = std::make_shared<AclArguments>();
  command
      ->add_option("URL", arguments->volume.url, "Bucket URL, or a path below a mounted directory")
      ->required()
      ->check(IsUrlOrPath());
  command->add_option("PATH", arguments->path, "With a URL: path inside the volume");
  command->add_option("--set", arguments->change.acl, "The whole new ACL");
  command->add_option("--permissions", arguments->change.permissions,
                      "New permissions: rwxr-x--- or 0750");
  command->add_option("--owner", arguments->change.owner, "Id of the new owner");
  command->add_option("--group", arguments->change.group, "Id of the new owning group");
  AddVolumeOptions(*command, arguments->volume);
  command->callback([arguments, &chosen] {
    chosen = [arguments] {
      const base::Status status = ShowOrSet(*arguments);
      return status.ok() ? kDone : Fail(status.error().message());
    };
  });
}

}  // namespace fs::cli
