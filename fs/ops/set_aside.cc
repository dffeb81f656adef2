#include "fs/ops/set_aside.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/log.h"

namespace fs {
namespace {

using Json = nlohmann::json;

Json Describe(Context& context, const FileInode& file, const cache::StagedFile& stage,
              const std::vector<base::ByteRange>& written) {
  Json json = {{"size", stage.size()}, {"written", Json::array()}, {"base", Json::array()}};
  const auto paths = context.catalog.Paths(file.id());
  if (paths.ok() && !paths->empty()) json["path"] = paths->front().path;
  for (const base::ByteRange& range : written) {
    json["written"].push_back({range.offset, range.length});
  }
  for (const cache::ObjectRef& object : stage.BaseObjects()) {
    json["base"].push_back({{"key", object.key}, {"etag", object.etag}, {"size", object.size}});
  }
  return json;
}

base::Status WriteDurably(const std::filesystem::path& path, const std::string& text) {
  TRY_ASSIGN(const base::UniqueFd fd, base::OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC));
  TRY(base::WriteFull(fd.get(), 0, std::as_bytes(std::span(text))));
  if (fsync(fd.get()) != 0) return base::Error::FromErrno(errno, "fsync " + path.string());
  return base::SyncDirectory(path.parent_path());
}

// What an earlier attempt may have left in the bucket is no stray: it is what the file has now.
void DropStage(Context& context, FileInode& file) {
  const FileInode::Dropped dropped = file.DropStage();
  dropped.stage->Discard();
  context.inodes.LetGo(file.id());
  if (!dropped.upload) return;
  const base::Status removed = context.catalog.RemoveIntent(dropped.upload->intent.id);
  if (!removed.ok()) LOG_ERROR("set aside: {}", removed.error().ToString());
}

}  // namespace

base::Result<std::filesystem::path> SetAside(Context& context, FileInode& file) {
  const auto stage = file.stage();
  const auto directory = std::filesystem::path(context.options.state_directory) / "conflicts";
  TRY(base::MakeDirectories(directory));
  const std::filesystem::path path = directory / stage->name();
  TRY_ASSIGN(const auto written, stage->SetAside(path));
  // Keys need not be UTF-8, JSON must be: this is for people.
  const std::string text =
      Describe(context, file, *stage, written).dump(2, ' ', false, Json::error_handler_t::replace);
  TRY(WriteDurably(path.string() + ".json", text + '\n'));

  TRY_ASSIGN(ContentPtr content, ReadContent(context.catalog, file.id()));
  file.ReplaceContent(std::move(content));
  DropStage(context, file);
  context.InvalidateInode(file.id());
  return path;
}

}  // namespace fs
