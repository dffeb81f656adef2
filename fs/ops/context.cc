#include "fs/ops/context.h"

#include <algorithm>

#include "base/log.h"

namespace fs {
namespace {

bool SameKey(const Content& one, const Content& other) {
  return !one.objects.empty() && !other.objects.empty() &&
         one.objects.front().key == other.objects.front().key;
}

}  // namespace

Context::Context(FilesystemOptions filesystem_options, const Filesystem::Parts& parts,
                 std::function<void()> on_orphan_released)
    : options(std::move(filesystem_options)),
      catalog(parts.catalog),
      store(parts.store),
      cache(parts.cache),
      staging(parts.staging),
      clock(parts.clock),
      metrics(parts.metrics),
      notifier(parts.notifier),
      orphan_released(std::move(on_orphan_released)),
      inodes([this](meta::InodeId inode) { ReleaseOrphan(inode); }) {}

void Context::ReleaseOrphan(meta::InodeId inode) {
  const auto extents = catalog.GetExtents(inode);
  if (const auto status = catalog.ReleaseOrphan(inode); !status.ok()) {
    // The row stays and the next mount releases it.
    LOG_ERROR("release inode={}: {}", meta::Raw(inode), status.error().ToString());
    last_error.Set(status.error());
    return;
  }
  orphan_released();
  if (!extents.ok()) return;
  for (const meta::Extent& extent : *extents) cache.Forget(meta::Raw(extent.object.id));
}

void Context::InvalidateInode(meta::InodeId inode) const {
  if (KernelNotifier* kernel = notifier.load()) kernel->InvalidateInode(inode);
}

void Context::InvalidateEntry(meta::InodeId parent, const std::string& name) const {
  if (KernelNotifier* kernel = notifier.load()) kernel->InvalidateEntry(parent, name);
}

cache::ObjectRef ToRef(const meta::Object& object) {
  return {meta::Raw(object.id), object.key, object.etag, object.size, object.sums};
}

base::Result<ContentPtr> ReadContent(meta::Catalog& catalog, meta::InodeId inode) {
  auto content = std::make_shared<Content>();
  TRY_ASSIGN(const auto extents, catalog.GetExtents(inode));
  TRY_ASSIGN(const meta::Inode attributes, catalog.GetInode(inode));
  content->size = attributes.size;
  for (const meta::Extent& extent : extents) {
    cache::ObjectRef object = ToRef(extent.object);
    const bool known = std::any_of(content->objects.begin(), content->objects.end(),
                                   [&](const auto& other) { return other.id == object.id; });
    if (!known) content->objects.push_back(object);
    if (extent.length == 0) continue;
    content->extents.push_back(
        {extent.offset, extent.length, extent.object_offset, std::move(object)});
  }
  return ContentPtr(std::move(content));
}

base::Result<ContentPtr> LoadContent(Context& context, FileInode& file) {
  if (ContentPtr content = file.view().content) return content;
  const std::uint64_t seen = file.content_version();
  TRY_ASSIGN(ContentPtr content, ReadContent(context.catalog, file.id()));
  file.OfferContent(content, seen);
  if (ContentPtr newer = file.view().content) return newer;
  return content;
}

base::Result<ContentPtr> LoadLatestContent(Context& context, FileInode& file) {
  const FileInode::View view = file.view();
  if (view.stage == nullptr && view.content != nullptr) {
    TRY_ASSIGN(ContentPtr latest, ReadContent(context.catalog, file.id()));
    // An object that the settler moved has another key, and is no other writer's.
    if (SameKey(*latest, *view.content)) file.NoticeReplaced(std::move(latest));
  }
  return LoadContent(context, file);
}

}  // namespace fs
