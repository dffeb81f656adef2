// CatalogModel: the name space as a plain in-memory tree, to compare a Catalog with. It says what
// each operation must answer (errno) and what the tree must look like afterwards. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "meta/catalog.h"

namespace meta {

class CatalogModel {
 public:
  CatalogModel();

  // Each returns the errno that the catalog must give, 0 for success. `id` is what the catalog
  // called the new inode.
  int Create(InodeId parent, const std::string& name, std::uint32_t mode);
  void Created(InodeId parent, const std::string& name, InodeId id, std::uint32_t mode);
  int Link(InodeId inode, InodeId parent, const std::string& name);
  int Unlink(InodeId parent, const std::string& name);
  int RemoveDir(InodeId parent, const std::string& name);
  int Rename(InodeId parent, const std::string& name, InodeId new_parent,
             const std::string& new_name, Catalog::RenameFlags flags);
  int Commit(InodeId inode, std::uint64_t size);
  int Release(InodeId inode);

  // Inodes that exist, orphans too.
  std::vector<InodeId> inodes() const;
  Totals totals() const;
  std::vector<InodeId> orphans() const;

  struct Node {
    std::uint32_t mode = 0;
    std::uint64_t size = 0;
    std::map<std::string, InodeId> entries;  // directories
    InodeId parent{};                        // directories
    std::uint32_t names = 0;
    std::uint32_t nlink() const;
    std::uint32_t subdirectories = 0;
    bool is_dir() const { return S_ISDIR(mode); }
  };
  const Node* Find(InodeId id) const;

 private:
  int CheckDirectory(InodeId id) const;
  bool IsWithin(InodeId directory, InodeId ancestor) const;
  void Drop(InodeId parent, const std::string& name);
  void Put(InodeId parent, const std::string& name, InodeId id);

  std::map<InodeId, Node> nodes_;
};

}  // namespace meta
