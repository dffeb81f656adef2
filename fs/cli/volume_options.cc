#include "fs/cli/volume_options.h"

#include <sys/xattr.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "fs/mount_table.h"
#include "fs/volume_paths.h"

namespace fs::cli {
namespace {

std::string TrimSlashes(std::string path) {
  while (path.starts_with('/')) path.erase(0, 1);
  while (path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

void AddVolumeOptions(CLI::App& command, VolumeOptions& options) {
  command.add_option("--endpoint", options.store.endpoint,
                     "URL of a service other than the cloud's own (AWS_ENDPOINT_URL, "
                     "AZURE_STORAGE_BLOB_ENDPOINT)");
  command.add_option("--region", options.store.region, "Region of the bucket (AWS_REGION)");
  command.add_option("--profile", options.store.profile,
                     "Profile of the credentials file (AWS_PROFILE)");
  command.add_option("--state-dir", options.state_directory,
                     "Directory of this volume's name space and unsent bytes");
}

base::Result<std::string> ReadXattr(const std::filesystem::path& path, const char* name) {
  std::array<char, 65536> value{};
  const ssize_t length = getxattr(path.c_str(), name, value.data(), value.size());
  if (length < 0) return base::Error::FromErrno(errno, std::string(name) + " of " + path.string());
  return std::string(value.data(), static_cast<std::size_t>(length));
}

base::Result<std::filesystem::path> FindMount(const std::filesystem::path& path) {
  TRY_ASSIGN(const std::string mountinfo, ReadMountInfo());
  std::filesystem::path candidate = std::filesystem::absolute(path).lexically_normal();
  if (!candidate.has_filename()) candidate = candidate.parent_path();
  while (true) {
    const auto entry = FindMountEntry(mountinfo, candidate.string());
    if (entry && entry->type == "fuse.cairnfs") return candidate;
    if (candidate == candidate.root_path()) break;
    candidate = candidate.parent_path();
  }
  return base::Error(base::ErrorClass::kNotFound, path.string() + " is not below a cairnfs mount");
}

base::Result<VolumeTarget> ResolveTarget(const VolumeOptions& options, const std::string& path) {
  if (!objclient::IsBucketUrl(options.url)) {
    if (!path.empty()) {
      return base::Error(base::ErrorClass::kInvalid,
                         "a second argument goes with a bucket URL only: give one mounted path, or "
                         "URL PATH");
    }
    TRY_ASSIGN(const std::filesystem::path mount, FindMount(options.url));
    TRY_ASSIGN(const std::string status, ReadXattr(mount, "user.cairnfs.status"));
    const auto json = nlohmann::json::parse(status, nullptr, false);
    if (!json.is_object() || !json.contains("state_directory")) {
      return base::Error(
          base::ErrorClass::kInvalid,
          "the daemon of " + mount.string() + " answered something else than its status");
    }
    const auto below =
        std::filesystem::absolute(options.url).lexically_normal().lexically_relative(mount);
    VolumeTarget target{json["state_directory"].get<std::string>(), TrimSlashes(below.string())};
    if (target.path == ".") target.path.clear();
    return target;
  }
  TRY_ASSIGN(const objclient::BucketUrl url, objclient::ParseBucketUrl(options.url));
  const Environment environment = objclient::ProcessEnvironment();
  VolumeTarget target{options.state_directory, TrimSlashes(path)};
  if (target.state_directory.empty()) {
    TRY_ASSIGN(target.state_directory,
               DefaultStateDirectory(VolumeIdentity(url, options.store, environment),
                                     geteuid() == 0, environment));
  }
  return target;
}

}  // namespace fs::cli
