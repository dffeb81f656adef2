// Types of the name space: strong ids and plain records, no behaviour. Used by meta and fs.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest/piece_sums.h"
#include "objclient/object.h"

namespace meta {

enum class InodeId : std::uint64_t {};
enum class ObjectId : std::int64_t {};
enum class IntentId : std::int64_t {};
inline constexpr InodeId kRootInode{1};  // FUSE_ROOT_ID
inline std::uint64_t Raw(InodeId id) { return static_cast<std::uint64_t>(id); }
inline std::int64_t Raw(ObjectId id) { return static_cast<std::int64_t>(id); }
inline std::int64_t Raw(IntentId id) { return static_cast<std::int64_t>(id); }

// Times are nanoseconds since the epoch. `mode` holds the type bits as well (st_mode).
struct Inode {
  InodeId id{};
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t nlink = 0;
  std::uint64_t size = 0;
  std::int64_t atime_ns = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint64_t rdev = 0;
  std::uint64_t generation = 0;
  std::string symlink_target;  // symlinks only
  bool is_dir() const { return S_ISDIR(mode); }
  bool is_file() const { return S_ISREG(mode); }
};

// One committed object of the bucket. An id is never used again, so cached bytes never go stale.
struct Object {
  ObjectId id{};
  objclient::ObjectKey key;
  std::string etag;
  std::uint64_t size = 0;
  base::SharedPieceSums sums = nullptr;  // of what this volume wrote
};

// `length` bytes of the file at `offset` are those of `object` at `object_offset`. What no extent
// covers is a hole (zeros).
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t object_offset = 0;
  Object object;
  std::uint64_t end() const { return offset + length; }
};

struct DirEntry {
  std::string name;
  Inode inode;
};

// Attributes to change; what is unset stays. ctime is set to `now_ns` by every change.
struct AttrChange {
  std::optional<std::uint32_t> mode;  // permission bits only
  std::optional<std::uint32_t> uid;
  std::optional<std::uint32_t> gid;
  std::optional<std::int64_t> atime_ns;
  std::optional<std::int64_t> mtime_ns;
};

// Who makes a new inode, and when.
struct NewInode {
  std::uint32_t mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint64_t rdev = 0;
  std::string symlink_target;
  std::int64_t now_ns = 0;
};

// A durable to-do, replayed at mount.
enum class IntentKind : std::uint8_t {
  kUpload = 1,  // an upload of `inode` to `key` is under way or must still be made (see state)
  kSettle = 2,  // bring `inode` (a file, or every file below a directory) to key = path
  kDelete = 3,  // the object at `key` with `etag` is garbage
  kMove = 4,    // `object`, of `inode`, may be at `key` already; moved, it still has `etag`
};
enum class UploadState : std::uint8_t {
  kWriting = 1,  // the writer has not closed: nothing was promised, abort it at replay
  kPending = 2,  // close failed or was local: bytes are whole in stage `stage`, send them
};
struct Intent {
  IntentId id{};
  IntentKind kind = IntentKind::kUpload;
  InodeId inode{};
  objclient::ObjectKey key;
  std::string etag;
  std::string upload_id;  // of an open multipart upload
  std::string stage;      // name of the staged file, kUpload
  // Opaque here. kUpload: tokens of the attempts, and for kPending the stage's manifest. kDelete:
  // tokens when only an object of theirs is garbage.
  std::string payload;
  UploadState state = UploadState::kWriting;
  std::uint32_t attempts = 0;
  std::string last_error;
  ObjectId object{};  // kDelete: the object row to drop when done
};

struct VolumeInfo {
  std::string uuid;
  std::string url;  // canonical bucket URL
  int schema_version = 0;
  std::int64_t created_ns = 0;
};

struct Totals {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t bytes = 0;
};

}  // namespace meta
