// The kernel's door: libfuse's low-level callbacks. Each decodes its arguments, calls one method of
// Filesystem and answers through a Reply; no semantics live here. One file a theme: names, files,
// directories, attributes.
//
// Door is what the callbacks find in the session's user data; constant while the session runs.
#pragma once

#include <functional>

#include "base/clock.h"
#include "fs/filesystem.h"
#include "fs/fuse/reply.h"

namespace fs {

struct Door {
  Filesystem& filesystem;
  base::Clock& clock;
  KernelTimeouts timeouts;
  Waiting& waiting;
  std::function<void()> ready;  // called once the kernel has answered INIT: the mount works
};

// Callbacks of every theme, filled in by the functions below.
fuse_lowlevel_ops MakeOperations();

void AddNameOperations(fuse_lowlevel_ops& operations);       // lookup, create, rename, ...
void AddFileOperations(fuse_lowlevel_ops& operations);       // open, read, write, flush, ...
void AddDirectoryOperations(fuse_lowlevel_ops& operations);  // opendir, readdir, ...
void AddAttributeOperations(fuse_lowlevel_ops& operations);  // getattr, setattr, xattrs, statfs

// --- for the callbacks ---
Door& DoorOf(fuse_req_t request);
Caller CallerOf(fuse_req_t request);
inline meta::InodeId ToInodeId(fuse_ino_t ino) { return meta::InodeId{ino}; }

}  // namespace fs
