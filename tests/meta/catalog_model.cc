#include "tests/meta/catalog_model.h"

#include <cerrno>

namespace meta {

CatalogModel::CatalogModel() {
  Node root;
  root.mode = S_IFDIR | 0755;
  root.names = 1;
  root.parent = kRootInode;
  nodes_[kRootInode] = root;
}

std::uint32_t CatalogModel::Node::nlink() const {
  if (!is_dir()) return names;
  return names == 0 ? 0 : 2 + subdirectories;
}

const CatalogModel::Node* CatalogModel::Find(InodeId id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

int CatalogModel::CheckDirectory(InodeId id) const {
  const Node* node = Find(id);
  if (node == nullptr) return ENOENT;
  if (!node->is_dir()) return ENOTDIR;
  return node->names == 0 ? ENOENT : 0;
}

bool CatalogModel::IsWithin(InodeId directory, InodeId ancestor) const {
  for (;; directory = Find(directory)->parent) {
    if (directory == ancestor) return true;
    if (directory == kRootInode) return false;
  }
}

void CatalogModel::Put(InodeId parent, const std::string& name, InodeId id) {
  Node& node = nodes_[id];
  nodes_[parent].entries[name] = id;
  ++node.names;
  if (!node.is_dir()) return;
  ++nodes_[parent].subdirectories;
  node.parent = parent;
}

void CatalogModel::Drop(InodeId parent, const std::string& name) {
  Node& directory = nodes_[parent];
  Node& node = nodes_[directory.entries.at(name)];
  --node.names;
  if (node.is_dir()) --directory.subdirectories;
  directory.entries.erase(name);
}

int CatalogModel::Create(InodeId parent, const std::string& name, std::uint32_t /*mode*/) {
  if (const int error = CheckDirectory(parent); error != 0) return error;
  return Find(parent)->entries.contains(name) ? EEXIST : 0;
}

void CatalogModel::Created(InodeId parent, const std::string& name, InodeId id,
                           std::uint32_t mode) {
  nodes_[id].mode = mode;
  Put(parent, name, id);
}

int CatalogModel::Link(InodeId inode, InodeId parent, const std::string& name) {
  const Node* node = Find(inode);
  if (node == nullptr) return ENOENT;
  if (const int error = CheckDirectory(parent); error != 0) return error;
  if (Find(parent)->entries.contains(name)) return EEXIST;
  if (node->is_dir()) return EPERM;
  if (node->names == 0) return ENOENT;
  Put(parent, name, inode);
  return 0;
}

int CatalogModel::Unlink(InodeId parent, const std::string& name) {
  if (const int error = CheckDirectory(parent); error != 0) return error;
  const auto& entries = Find(parent)->entries;
  if (!entries.contains(name)) return ENOENT;
  if (Find(entries.at(name))->is_dir()) return EISDIR;
  Drop(parent, name);
  return 0;
}

int CatalogModel::RemoveDir(InodeId parent, const std::string& name) {
  if (const int error = CheckDirectory(parent); error != 0) return error;
  const auto& entries = Find(parent)->entries;
  if (!entries.contains(name)) return ENOENT;
  const Node* node = Find(entries.at(name));
  if (!node->is_dir()) return ENOTDIR;
  if (!node->entries.empty()) return ENOTEMPTY;
  Drop(parent, name);
  return 0;
}

int CatalogModel::Rename(InodeId parent, const std::string& name, InodeId new_parent,
                         const std::string& new_name, Catalog::RenameFlags flags) {
  if (flags.no_replace && flags.exchange) return EINVAL;
  if (const int error = CheckDirectory(parent); error != 0) return error;
  if (!Find(parent)->entries.contains(name)) return ENOENT;
  if (const int error = CheckDirectory(new_parent); error != 0) return error;
  const InodeId moved = Find(parent)->entries.at(name);
  const auto target_at = Find(new_parent)->entries.find(new_name);
  const bool has_target = target_at != Find(new_parent)->entries.end();
  const InodeId target = has_target ? target_at->second : InodeId{};
  if (flags.no_replace && has_target) return EEXIST;
  if (flags.exchange && !has_target) return ENOENT;
  if (has_target && target == moved) return 0;
  if (Find(moved)->is_dir() && IsWithin(new_parent, moved)) return EINVAL;
  if (flags.exchange) {
    if (Find(target)->is_dir() && IsWithin(parent, target)) return EINVAL;
    Drop(parent, name);
    Drop(new_parent, new_name);
    Put(parent, name, target);
    Put(new_parent, new_name, moved);
    return 0;
  }
  if (has_target) {
    if (Find(moved)->is_dir() && !Find(target)->is_dir()) return ENOTDIR;
    if (!Find(moved)->is_dir() && Find(target)->is_dir()) return EISDIR;
    if (!Find(target)->entries.empty()) return ENOTEMPTY;
    Drop(new_parent, new_name);
  }
  Drop(parent, name);
  Put(new_parent, new_name, moved);
  return 0;
}

int CatalogModel::Commit(InodeId inode, std::uint64_t size) {
  const Node* node = Find(inode);
  if (node == nullptr) return ENOENT;
  if (!S_ISREG(node->mode)) return EINVAL;
  nodes_[inode].size = size;
  return 0;
}

int CatalogModel::Release(InodeId inode) {
  if (const Node* node = Find(inode); node != nullptr && node->names == 0) nodes_.erase(inode);
  return 0;
}

std::vector<InodeId> CatalogModel::inodes() const {
  std::vector<InodeId> ids;
  for (const auto& [id, node] : nodes_) ids.push_back(id);
  return ids;
}

std::vector<InodeId> CatalogModel::orphans() const {
  std::vector<InodeId> ids;
  for (const auto& [id, node] : nodes_) {
    if (node.names == 0) ids.push_back(id);
  }
  return ids;
}

Totals CatalogModel::totals() const {
  Totals totals;
  for (const auto& [id, node] : nodes_) {
    if (node.names == 0) continue;
    (node.is_dir() ? totals.directories : totals.files) += 1;
    if (S_ISREG(node.mode)) totals.bytes += node.size;
  }
  return totals;
}

}  // namespace meta
