// Error: what went wrong, for three readers. The kernel gets an errno, the machine a class to
// decide on, a person a chain of messages from the cause outwards. A value: cheap to copy (one
// shared pointer), safe to hand between threads, never thrown.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace base {

// What kind of failure it is. Retrying is decided by class alone (see IsRetryable).
enum class ErrorClass : std::uint8_t {
  kNotFound,     // ENOENT: the named thing does not exist
  kExists,       // EEXIST: it exists and must not
  kConflict,     // ESTALE: a precondition failed, the thing changed under us (HTTP 412, 409)
  kThrottled,    // EAGAIN: the other side asks us to slow down (HTTP 429, 503)
  kUnavailable,  // EIO: the other side cannot be reached or broke off; may work later
  kTimeout,      // ETIMEDOUT: no answer within the bound
  kAuth,         // EACCES: not allowed, wrong or expired credentials (HTTP 401, 403)
  kCorrupt,      // EIO: bytes are not what was written (checksum, format)
  kNoSpace,      // ENOSPC: disk, store or a limit of ours is full
  kCancelled,    // EINTR: the caller gave up, or we are shutting down
  kInvalid,      // EINVAL: the request itself is wrong
  kUnsupported,  // ENOTSUP: this store or file system cannot do it
  kIo,           // EIO or the errno of a local system call
  kBug,          // EIO: a broken invariant of our own
};

class Error {
 public:
  // `errno_value` 0 means the class's default errno. `where` is filled by the default arguments.
  Error(ErrorClass error_class, std::string message, int errno_value = 0,
        const char* file = __builtin_FILE(), int line = __builtin_LINE());

  // An error of a local system call: class from the errno, message "what: strerror".
  static Error FromErrno(int errno_value, std::string_view what,
                         const char* file = __builtin_FILE(), int line = __builtin_LINE());

  ErrorClass error_class() const;
  int errno_value() const;
  // Innermost message last: "upload inode 7: PUT s3://b/k: connection refused".
  const std::string& message() const;
  // The store's request id, empty when there is none.
  const std::string& request_id() const;
  // Milliseconds the other side asked us to wait (Retry-After), 0 when it did not say.
  std::uint32_t retry_after_ms() const;
  // "file.cc:123" of the origin.
  std::string where() const;

  // Returns the same error with `context` put in front of the message.
  [[nodiscard]] Error Annotate(std::string_view context) const;
  [[nodiscard]] Error WithRequestId(std::string request_id) const;
  [[nodiscard]] Error WithRetryAfterMs(std::uint32_t retry_after_ms) const;
  [[nodiscard]] Error WithErrno(int errno_value) const;

  // message [class errno=ENOENT request=...]: one line for a log or a terminal.
  std::string ToString() const;

 private:
  struct Rep;
  explicit Error(std::shared_ptr<const Rep> rep);
  std::shared_ptr<const Rep> rep_;
};

// True for classes that may succeed when tried again unchanged: throttled, unavailable, timeout.
bool IsRetryable(const Error& error);
std::string_view ClassName(ErrorClass error_class);

}  // namespace base
