// cairnfs ls [-a] [-l] [-R] MOUNTED_PATH | URL [PATH]
#include <CLI/CLI.hpp>
#include <cstdio>

#include "fs/cli/command.h"
#include "fs/cli/look.h"
#include "fs/cli/usage.h"

namespace fs::cli {
namespace {

struct LsArguments {
  VolumeOptions volume;
  std::string path;
  bool long_form = false;
  bool recursive = false;
};

void PrintEntry(const std::string& name, const meta::Inode& inode, bool long_form) {
  if (!long_form) {
    std::printf("%s\n", name.c_str());
    return;
  }
  const std::string arrow = inode.symlink_target.empty() ? "" : " -> " + inode.symlink_target;
  std::printf("%s %3u %5u %5u %12llu %s %s%s\n", ModeText(inode.mode).c_str(), inode.nlink,
              inode.uid, inode.gid, static_cast<unsigned long long>(inode.size),
              TimeText(inode.mtime_ns).c_str(), name.c_str(), arrow.c_str());
}

// Lists directories with a stack of our own: a deep tree must not end ours.
base::Status List(const Look& look, const LsArguments& arguments) {
  constexpr std::size_t kPage = 1000;
  std::vector<std::pair<std::string, meta::InodeId>> open = {{look.path, look.inode.id}};
  bool first = true;
  while (!open.empty()) {
    const auto [path, inode] = open.back();
    open.pop_back();
    if (arguments.recursive) std::printf("%s/%s:\n", first ? "" : "\n", path.c_str());
    first = false;
    std::vector<std::pair<std::string, meta::InodeId>> below;
    std::string after;
    while (true) {
      TRY_ASSIGN(const std::vector<meta::DirEntry> page,
                 look.catalog->ReadDir(inode, after, kPage));
      for (const meta::DirEntry& entry : page) {
        PrintEntry(entry.name, entry.inode, arguments.long_form);
        if (!arguments.recursive || !entry.inode.is_dir()) continue;
        below.emplace_back(path.empty() ? entry.name : path + "/" + entry.name, entry.inode.id);
      }
      if (page.size() < kPage) break;
      after = page.back().name;
    }
    open.insert(open.end(), below.rbegin(), below.rend());
  }
  return base::Ok();
}

int RunLs(const LsArguments& arguments) {
  const auto look = OpenLook(arguments.volume, arguments.path);
  if (!look.ok()) return Fail(look.error().message());
  if (!look->inode.is_dir()) {
    PrintEntry(look->path, look->inode, arguments.long_form);
    return kDone;
  }
  const base::Status status = List(*look, arguments);
  return status.ok() ? kDone : Fail(status.error().message());
}

}  // namespace

void AddLsCommand(CLI::App& app, Run& chosen) {
  CLI::App* command =
      app.add_subcommand("ls", "List the name space from its database, no mount needed");
  auto arguments = std::make_shared<LsArguments>();
  command
      ->add_option("URL", arguments->volume.url, "Bucket URL, or a path below a mounted directory")
      ->required()
      ->check(IsUrlOrPath());
  command->add_option("PATH", arguments->path, "With a URL: path inside the volume");
  AddVolumeOptions(*command, arguments->volume);
  command->add_flag_function(
      "-a,--all", [](std::int64_t) {},
      "Accepted for the sake of habit: every name is listed always");
  command->add_flag("-l", arguments->long_form, "Mode, links, owner, size and time");
  command->add_flag("-R", arguments->recursive, "Directories below as well");
  command->callback([arguments, &chosen] { chosen = [arguments] { return RunLs(*arguments); }; });
}

}  // namespace fs::cli
