#include "base/error.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace base {

struct Error::Rep {
  ErrorClass error_class;
  int errno_value;
  std::string message;
  std::string request_id;
  std::uint32_t retry_after_ms;
  const char* file;
  int line;
};

namespace {

int DefaultErrno(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::kNotFound:
      return ENOENT;
    case ErrorClass::kExists:
      return EEXIST;
    case ErrorClass::kConflict:
      return ESTALE;
    case ErrorClass::kThrottled:
      return EAGAIN;
    case ErrorClass::kTimeout:
      return ETIMEDOUT;
    case ErrorClass::kAuth:
      return EACCES;
    case ErrorClass::kNoSpace:
      return ENOSPC;
    case ErrorClass::kCancelled:
      return EINTR;
    case ErrorClass::kInvalid:
      return EINVAL;
    case ErrorClass::kUnsupported:
      return ENOTSUP;
    case ErrorClass::kUnavailable:
    case ErrorClass::kCorrupt:
    case ErrorClass::kIo:
    case ErrorClass::kBug:
      break;
  }
  return EIO;
}

ErrorClass ClassOfErrno(int errno_value) {
  switch (errno_value) {
    case ENOENT:
      return ErrorClass::kNotFound;
    case EEXIST:
      return ErrorClass::kExists;
    case ESTALE:
      return ErrorClass::kConflict;
    case EACCES:
    case EPERM:
      return ErrorClass::kAuth;
    case ENOSPC:
    case EDQUOT:
      return ErrorClass::kNoSpace;
    case EINTR:
    case ECANCELED:
      return ErrorClass::kCancelled;
    case EINVAL:
      return ErrorClass::kInvalid;
    case ENOTSUP:
    case ENOSYS:
      return ErrorClass::kUnsupported;
    case ETIMEDOUT:
      return ErrorClass::kTimeout;
    default:
      return ErrorClass::kIo;
  }
}

}  // namespace

Error::Error(std::shared_ptr<const Rep> rep) : rep_(std::move(rep)) {}

Error::Error(ErrorClass error_class, std::string message, int errno_value, const char* file,
             int line)
    : rep_(std::make_shared<const Rep>(
          Rep{error_class,
              errno_value != 0 ? errno_value : DefaultErrno(error_class),
              std::move(message),
              {},
              0,
              file,
              line})) {}

Error Error::FromErrno(int errno_value, std::string_view what, const char* file, int line) {
  return Error(ClassOfErrno(errno_value),
               fmt::format("{}: {}", what, std::generic_category().message(errno_value)),
               errno_value, file, line);
}

ErrorClass Error::error_class() const { return rep_->error_class; }
int Error::errno_value() const { return rep_->errno_value; }
const std::string& Error::message() const { return rep_->message; }
const std::string& Error::request_id() const { return rep_->request_id; }
std::uint32_t Error::retry_after_ms() const { return rep_->retry_after_ms; }

std::string Error::where() const {
  const std::string_view path = rep_->file;
  return fmt::format("{}:{}", path.substr(path.rfind('/') + 1), rep_->line);
}

Error Error::Annotate(std::string_view context) const {
  Rep copy = *rep_;
  copy.message = fmt::format("{}: {}", context, rep_->message);
  return Error(std::make_shared<const Rep>(std::move(copy)));
}

Error Error::WithRequestId(std::string request_id) const {
  Rep copy = *rep_;
  copy.request_id = std::move(request_id);
  return Error(std::make_shared<const Rep>(std::move(copy)));
}

Error Error::WithRetryAfterMs(std::uint32_t retry_after_ms) const {
  Rep copy = *rep_;
  copy.retry_after_ms = retry_after_ms;
  return Error(std::make_shared<const Rep>(std::move(copy)));
}

Error Error::WithErrno(int errno_value) const {
  Rep copy = *rep_;
  copy.errno_value = errno_value;
  return Error(std::make_shared<const Rep>(std::move(copy)));
}

std::string Error::ToString() const {
  const char* name = strerrorname_np(rep_->errno_value);
  std::string text =
      fmt::format("{} [{} errno={}", rep_->message, ClassName(rep_->error_class),
                  name != nullptr ? std::string(name) : std::to_string(rep_->errno_value));
  if (!rep_->request_id.empty()) text += fmt::format(" request={}", rep_->request_id);
  return text + "]";
}

bool IsRetryable(const Error& error) {
  return error.error_class() == ErrorClass::kThrottled ||
         error.error_class() == ErrorClass::kUnavailable ||
         error.error_class() == ErrorClass::kTimeout;
}

std::string_view ClassName(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::kNotFound:
      return "not-found";
    case ErrorClass::kExists:
      return "exists";
    case ErrorClass::kConflict:
      return "conflict";
    case ErrorClass::kThrottled:
      return "throttled";
    case ErrorClass::kUnavailable:
      return "unavailable";
    case ErrorClass::kTimeout:
      return "timeout";
    case ErrorClass::kAuth:
      return "auth";
    case ErrorClass::kCorrupt:
      return "corrupt";
    case ErrorClass::kNoSpace:
      return "no-space";
    case ErrorClass::kCancelled:
      return "cancelled";
    case ErrorClass::kInvalid:
      return "invalid";
    case ErrorClass::kUnsupported:
      return "unsupported";
    case ErrorClass::kIo:
      return "io";
    case ErrorClass::kBug:
      return "bug";
  }
  return "unknown";
}

}  // namespace base
