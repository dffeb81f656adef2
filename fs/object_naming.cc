#include "fs/object_naming.h"

#include <span>
#include <unordered_set>
#include <utility>

#include "base/digest/digest.h"

namespace fs {
namespace {

bool NeedsEscape(std::string_view component) {
  return component.empty() || component == "." || component == ".." ||
         component.size() > kNameMax || component.starts_with(kEscapePrefix) ||
         component.find('\0') != std::string_view::npos;
}

std::string Escape(std::string_view component, char kind) {
  std::string name(kEscapePrefix);
  name += kind;
  const bool fits = name.size() + 1 + component.size() <= kNameMax;
  if (fits && component.find('\0') == std::string_view::npos) {
    return name.append("=").append(component);
  }
  return name.append("x=").append(base::HexLower(base::Sha256(component)));
}

meta::ListedPrefix NameDirectory(std::string component) {
  if (!NeedsEscape(component)) return {std::move(component), ""};
  std::string name = Escape(component, 'd');
  if (component.empty()) component = kEmptyComponent;
  return {std::move(name), std::move(component)};
}

}  // namespace

bool IsReserved(meta::InodeId parent, std::string_view name) {
  return name.starts_with(kEscapePrefix) || (parent == meta::kRootInode && name == kReservedName);
}

objclient::ObjectKey NativeKey(const objclient::ObjectKey& catalog_key) {
  objclient::ObjectKey key = PrefixOf(catalog_key);
  if (!key.empty()) key.pop_back();
  return key;
}

objclient::ObjectKey PrefixOf(const objclient::ObjectKey& catalog_key) {
  objclient::ObjectKey prefix;
  for (std::size_t at = 0; at < catalog_key.size(); ++at) {
    // A component that begins with '/' is the empty one.
    const std::size_t end = catalog_key.find('/', at);
    if (end != at) prefix.append(catalog_key, at, end - at);
    prefix += '/';
    if (end == objclient::ObjectKey::npos) break;
    at = end == at ? at + 1 : end;
  }
  return prefix;
}

bool IsNativeKey(const objclient::ObjectKey& key, std::size_t key_bytes_max) {
  return !key.empty() && key.size() <= key_bytes_max;
}

objclient::ObjectKey HiddenKey(std::string_view token) {
  return objclient::ObjectKey(kHiddenPrefix).append(token);
}

objclient::ObjectKey ConflictKey(const objclient::ObjectKey& key, std::string_view etag) {
  constexpr std::size_t kConflictDigestBytes = 8;
  const auto digest = base::Sha256(etag);  // all of it: ETags of one folder begin alike
  return objclient::ObjectKey(key)
      .append(".conflict-")
      .append(base::HexLower(std::span(digest).first(kConflictDigestBytes)));
}

void ListingNames::Add(objclient::ListPage page) {
  for (const objclient::ObjectKey& prefix : page.prefixes) {
    std::string component = prefix.substr(prefix_.size());
    if (component.ends_with('/')) component.pop_back();
    if (prefix_.empty() && component == kReservedName) continue;
    listing_.directories.push_back(NameDirectory(std::move(component)));
  }
  for (objclient::ObjectHead& object : page.objects) {
    // The directory's own marker is not one of its entries.
    if (object.key.size() <= prefix_.size()) continue;
    std::string component = object.key.substr(prefix_.size());
    if (prefix_.empty() && component == kReservedName) continue;
    const bool escaped = NeedsEscape(component);
    std::string name = escaped ? Escape(component, 'f') : component;
    listing_.files.push_back({std::move(name), escaped ? std::move(component) : "",
                              std::move(object.key), std::move(object.etag), object.size,
                              object.mtime_ns});
  }
}

meta::ListedDirectory ListingNames::Finish() && {
  std::unordered_set<std::string_view> directories;
  for (const meta::ListedPrefix& directory : listing_.directories)
    directories.insert(directory.name);
  for (meta::ListedObject& file : listing_.files) {
    if (!directories.contains(file.name)) continue;
    file.key_name = std::exchange(file.name, Escape(file.name, 'f'));
  }
  return std::move(listing_);
}

}  // namespace fs
