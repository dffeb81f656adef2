#include "fs/cli/look.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <sstream>

#include "fs/volume_paths.h"
#include "meta/sqlite/sqlite_catalog.h"

namespace fs::cli {
namespace {

// In the words of who asked, as other commands say it. `directory` is where the walk ended.
base::Error Unfound(const VolumeOptions& options, const std::string& path, meta::Catalog& catalog,
                    meta::InodeId directory, const base::Error& error) {
  const std::string written = path.empty() ? options.url : options.url + " " + path;
  const int reason = error.errno_value();
  if (reason != ENOENT && reason != ENOTDIR) return error.Annotate(written);
  const auto listed = catalog.ListedAt(directory);
  const bool unknown = reason == ENOENT && listed.ok() && !*listed;
  return {
      error.error_class(),
      written + ": " + std::strerror(reason) +
          (unknown ? " (its directory of the bucket was never listed: look at it on a mount)" : ""),
      reason};
}

}  // namespace

base::Result<Look> OpenLook(const VolumeOptions& options, const std::string& path) {
  TRY_ASSIGN(const VolumeTarget target, ResolveTarget(options, path));
  const std::filesystem::path database = DatabasePath(target.state_directory);
  if (!std::filesystem::exists(database)) {
    return base::Error(base::ErrorClass::kNotFound,
                       "no name space at " + database.string() +
                           ": this volume was never mounted here, or with another --state-dir or "
                           "--endpoint");
  }
  Look look;
  look.path = target.path;
  TRY_ASSIGN(look.catalog, meta::SqliteCatalog::OpenReadOnly(database));
  TRY_ASSIGN(look.inode, look.catalog->GetInode(meta::kRootInode));
  std::istringstream components(target.path);
  for (std::string name; std::getline(components, name, '/');) {
    if (name.empty()) continue;
    auto next = look.catalog->Lookup(look.inode.id, name);
    if (!next.ok()) return Unfound(options, path, *look.catalog, look.inode.id, next.error());
    look.inode = std::move(*next);
  }
  return look;
}

std::string ModeText(std::uint32_t mode) {
  static constexpr char kTypes[] = "?pc?d?b?-?l?s???";  // by the type's four bits, inode(7)
  std::string text(1, kTypes[(mode >> 12) & 15u]);
  static constexpr char kBits[] = "rwxrwxrwx";
  for (unsigned i = 0; i < 9; ++i) text.push_back((mode >> (8 - i) & 1u) != 0 ? kBits[i] : '-');
  if ((mode & S_ISUID) != 0) text[3] = text[3] == 'x' ? 's' : 'S';
  if ((mode & S_ISGID) != 0) text[6] = text[6] == 'x' ? 's' : 'S';
  if ((mode & S_ISVTX) != 0) text[9] = text[9] == 'x' ? 't' : 'T';
  return text;
}

std::string TimeText(std::int64_t ns) {
  const std::time_t seconds = ns / 1'000'000'000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts);
  return {text, length};
}

}  // namespace fs::cli
