// FuseSession: one mount in the kernel. Mount() connects it, Run() serves requests until somebody
// unmounts the directory or Stop() (a signal) ends it, the destructor unmounts what is still
// mounted.
//
// Owned by the mount command. Run blocks its thread and starts a few workers; completions of
// requests may come from any thread while the session lives. KernelNotifier: invalidations go out
// from a thread of their own, because libfuse forbids them under a lock that a request may need.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "fs/filesystem.h"

namespace fs {

struct SessionOptions {
  std::filesystem::path mount_point;
  std::string source;                      // what /proc/mounts shows: the bucket URL
  std::vector<std::string> mount_options;  // further -o words for the kernel, checked by libfuse
  bool read_only = false;
  bool allow_other = false;
  double refresh_s = 60;  // how long the kernel may keep names; negative = an hour
  unsigned workers = 16;
  std::uint32_t read_ahead_kib =
      4096;                     // of the kernel's page cache; raised where we are allowed to
  std::function<void()> ready;  // the mount works; called once, from Run's threads
};

class FuseSession {
 public:
  static base::Result<std::unique_ptr<FuseSession>> Mount(SessionOptions options,
                                                          Filesystem& filesystem,
                                                          base::Clock& clock);
  ~FuseSession();
  FuseSession(const FuseSession&) = delete;
  FuseSession& operator=(const FuseSession&) = delete;

  // Returns when the directory is unmounted: by somebody, or by ourselves after SIGINT, SIGTERM or
  // SIGHUP. Completions may still come and are answered into the void: shut the Filesystem down
  // before this object is destroyed.
  base::Status Run();
  KernelNotifier& notifier();

 private:
  struct Impl;
  explicit FuseSession(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace fs
