// Object naming: path <-> key, the only place that knows both. A file's native key is its path; a
// directory's part of the bucket is every key that begins with its path and '/'. Pure functions.
//
// Reserved: the first component `.cairnfs` of the bucket is ours (kReservedName), hidden and not to
// be made by anyone. New objects that cannot have their native key yet wait below kHiddenPrefix.
//
// Keys that POSIX cannot hold get an escape name; the directory entry keeps the real component
// (key_name), so nothing is lost and everything below such a directory keeps its real key:
//   component                                          name
//   "", ".", "..", or beginning with "@cairnfs="       @cairnfs=d=COMPONENT  or
//   @cairnfs=f=COMPONENT a file `a` where a prefix `a/` exists as well      the directory is `a`,
//   the file @cairnfs=f=a longer than 255 bytes, with a NUL byte, or whose escape would be longer
//   than 255 bytes              @cairnfs=dx=SHA256  or  @cairnfs=fx=SHA256
// d is a directory, f a file. Names that begin with "@cairnfs=" cannot be made through the mount,
// so escapes are unique; they depend on the listing alone, so every mount shows the same.
#pragma once

#include <string>
#include <string_view>

#include "meta/catalog.h"
#include "objclient/object.h"

namespace fs {

inline constexpr std::string_view kReservedName = ".cairnfs";
inline constexpr std::string_view kHiddenPrefix = ".cairnfs/objects/";
inline constexpr std::string_view kEscapePrefix = "@cairnfs=";
inline constexpr std::size_t kNameMax = 255;  // bytes of a component, POSIX

// True for names that nobody may make in `parent`: kReservedName in the root, escapes anywhere.
bool IsReserved(meta::InodeId parent, std::string_view name);

// The catalog takes an empty key_name for "same as the name", so an empty component is kept there
// as
// "/", which no component can be. The two functions below turn the catalog's keys into the
// bucket's.
inline constexpr std::string_view kEmptyComponent = "/";
// The key of a file.
objclient::ObjectKey NativeKey(const objclient::ObjectKey& catalog_key);
// What a directory ("" for the root) has in front of its entries' keys.
objclient::ObjectKey PrefixOf(const objclient::ObjectKey& catalog_key);

// True when a file may live at `key` in a bucket that takes keys of so many bytes.
bool IsNativeKey(const objclient::ObjectKey& key, std::size_t key_bytes_max);

objclient::ObjectKey HiddenKey(std::string_view token);
// Where a foreign object at `key` is kept when a commit of ours replaces it.
objclient::ObjectKey ConflictKey(const objclient::ObjectKey& key, std::string_view etag);

// The names of one directory's listing; pages are added in any order, Finish sorts out `a` and
// `a/`.
class ListingNames {
 public:
  explicit ListingNames(objclient::ObjectKey prefix) : prefix_(std::move(prefix)) {}
  void Add(objclient::ListPage page);
  meta::ListedDirectory Finish() &&;

 private:
  const objclient::ObjectKey prefix_;
  meta::ListedDirectory listing_;
};

}  // namespace fs
