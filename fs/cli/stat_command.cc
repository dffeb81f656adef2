// cairnfs stat MOUNTED_PATH | URL [PATH]: inode, extents, objects and what is still to be done.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "fs/cli/command.h"
#include "fs/cli/look.h"
#include "fs/cli/usage.h"

namespace fs::cli {
namespace {

struct StatArguments {
  VolumeOptions volume;
  std::string path;
};

using Unsigned = unsigned long long;  // what printf knows

void PrintInode(const Look& look) {
  const meta::Inode& inode = look.inode;
  std::printf("  path: /%s\n inode: %llu  links: %u\n  mode: %s (%04o)  uid: %u  gid: %u\n",
              look.path.c_str(), static_cast<Unsigned>(meta::Raw(inode.id)), inode.nlink,
              ModeText(inode.mode).c_str(), inode.mode & 07777u, inode.uid, inode.gid);
  std::printf("  size: %llu\n mtime: %s\n ctime: %s\n", static_cast<Unsigned>(inode.size),
              TimeText(inode.mtime_ns).c_str(), TimeText(inode.ctime_ns).c_str());
  if (!inode.symlink_target.empty()) std::printf("target: %s\n", inode.symlink_target.c_str());
}

void PrintExtents(const std::vector<meta::Extent>& extents) {
  for (const meta::Extent& extent : extents) {
    std::printf("extent: [%llu, %llu) = object %lld at %llu, key %s, etag %s, %llu bytes\n",
                static_cast<Unsigned>(extent.offset), static_cast<Unsigned>(extent.end()),
                static_cast<long long>(meta::Raw(extent.object.id)),
                static_cast<Unsigned>(extent.object_offset), extent.object.key.c_str(),
                extent.object.etag.c_str(), static_cast<Unsigned>(extent.object.size));
  }
}

// Bytes that no close or fsync covers yet are known to the daemon alone.
bool IsBeingWritten(const std::string& path) {
  const auto durable = ReadXattr(path, "user.cairnfs.durable");
  return durable.ok() && *durable == "memory";
}

// What is still to be done for this inode, from the durable to-do list.
base::Status PrintState(const Look& look, const std::string& path) {
  constexpr std::size_t kPage = 1000;
  meta::IntentId after{0};
  bool quiet = true;
  while (true) {
    TRY_ASSIGN(const std::vector<meta::Intent> page, look.catalog->ListIntents(after, kPage));
    for (const meta::Intent& intent : page) {
      if (intent.inode != look.inode.id) continue;
      quiet = false;
      const bool upload = intent.kind == meta::IntentKind::kUpload;
      std::printf(" state: %s, key %s, %u attempts%s%s\n",
                  !upload                                       ? "to be moved to its path"
                  : intent.state == meta::UploadState::kPending ? "bytes staged, to be uploaded"
                                                                : "being written",
                  intent.key.c_str(), intent.attempts,
                  intent.last_error.empty() ? "" : ", last error: ", intent.last_error.c_str());
    }
    if (page.size() < kPage) break;
    after = page.back().id;
  }
  if (quiet) std::printf(" state: %s\n", IsBeingWritten(path) ? "being written" : "committed");
  return base::Ok();
}

base::Status Print(const StatArguments& arguments) {
  TRY_ASSIGN(const Look look, OpenLook(arguments.volume, arguments.path));
  PrintInode(look);
  if (!look.inode.is_file()) return base::Ok();
  TRY_ASSIGN(const std::vector<meta::Extent> extents, look.catalog->GetExtents(look.inode.id));
  PrintExtents(extents);
  return PrintState(look, arguments.volume.url);
}

}  // namespace

void AddStatCommand(CLI::App& app, Run& chosen) {
  CLI::App* command =
      app.add_subcommand("stat", "Show inode, extents and objects of a path from the database");
  auto arguments = std::make_shared<StatArguments>();
  command
      ->add_option("URL", arguments->volume.url, "Bucket URL, or a path below a mounted directory")
      ->required()
      ->check(IsUrlOrPath());
  command->add_option("PATH", arguments->path, "With a URL: path inside the volume");
  AddVolumeOptions(*command, arguments->volume);
  command->callback([arguments, &chosen] {
    chosen = [arguments] {
      const base::Status status = Print(*arguments);
      return status.ok() ? kDone : Fail(status.error().message());
    };
  });
}

}  // namespace fs::cli
