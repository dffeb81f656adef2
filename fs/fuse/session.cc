#include "fs/fuse/session.h"

#include <cerrno>
#include <thread>
#include <utility>

#include "base/log.h"
#include "fs/fuse/kernel_notifier.h"
#include "fs/fuse/kernel_read_ahead.h"
#include "fs/fuse/operations.h"

namespace fs {
namespace {

constexpr double kOnlyWriterTimeoutS = 3600;

KernelTimeouts TimeoutsFor(double refresh_s) {
  const double timeout = refresh_s < 0 ? kOnlyWriterTimeoutS : refresh_s;
  return {.entry = timeout, .attr = timeout, .negative = timeout};
}

// Arguments in the form libfuse parses; freed with the value.
class Arguments {
 public:
  Arguments() { Add("cairnfs"); }
  ~Arguments() { fuse_opt_free_args(&args_); }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;
  void Add(const std::string& word) { fuse_opt_add_arg(&args_, word.c_str()); }
  void AddOption(const std::string& option) {
    Add("-o");
    Add(option);
  }
  fuse_args* get() { return &args_; }

 private:
  fuse_args args_{};
};

// libfuse splits options at commas; a comma or backslash inside a value is escaped.
std::string EscapeOption(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == ',' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

}  // namespace

struct FuseSession::Impl {
  SessionOptions options;
  Waiting waiting;
  std::unique_ptr<Door> door;
  fuse_session* session = nullptr;
  bool signals = false;
  std::unique_ptr<FuseNotifier> notifier;
  std::thread tuner;  // raises the kernel's read-ahead once requests are served

  ~Impl() {
    if (tuner.joinable()) tuner.join();
    notifier.reset();
    if (signals) fuse_remove_signal_handlers(session);
    if (session == nullptr) return;
    fuse_session_unmount(session);
    fuse_session_destroy(session);
  }

  void Ready() {
    tuner = std::thread([this] {
      const auto raised = RaiseKernelReadAhead(options.mount_point, options.read_ahead_kib);
      if (!raised.ok()) {
        LOG_INFO("kernel read-ahead stays at its default: {}", raised.error().ToString());
      }
    });
    if (options.ready) options.ready();
  }
};

FuseSession::FuseSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FuseSession::~FuseSession() = default;

base::Result<std::unique_ptr<FuseSession>> FuseSession::Mount(SessionOptions options,
                                                              Filesystem& filesystem,
                                                              base::Clock& clock) {
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  Impl* const self = impl.get();
  impl->door.reset(new Door{filesystem, clock, TimeoutsFor(impl->options.refresh_s), impl->waiting,
                            [self] { self->Ready(); }});

  Arguments arguments;
  arguments.AddOption("fsname=" + EscapeOption(impl->options.source));
  arguments.AddOption("subtype=cairnfs");
  arguments.AddOption("default_permissions");
  if (impl->options.read_only) arguments.AddOption("ro");
  if (impl->options.allow_other) arguments.AddOption("allow_other");
  for (const std::string& option : impl->options.mount_options) arguments.AddOption(option);

  const fuse_lowlevel_ops operations = MakeOperations();
  impl->session =
      fuse_session_new(arguments.get(), &operations, sizeof(operations), impl->door.get());
  if (impl->session == nullptr) {
    return base::Error(base::ErrorClass::kInvalid,
                       "the FUSE library refused the mount options (see its message above)");
  }
  if (fuse_session_mount(impl->session, impl->options.mount_point.c_str()) != 0) {
    return base::Error(base::ErrorClass::kIo,
                       "cannot mount at " + impl->options.mount_point.string() +
                           ": the FUSE library's message above says why; is /dev/fuse there, and "
                           "may this user mount (fusermount3, user_allow_other)?");
  }
  impl->notifier = std::make_unique<FuseNotifier>(impl->session);
  return std::unique_ptr<FuseSession>(new FuseSession(std::move(impl)));
}

KernelNotifier& FuseSession::notifier() { return *impl_->notifier; }

base::Status FuseSession::Run() {
  impl_->signals = fuse_set_signal_handlers(impl_->session) == 0;
  fuse_loop_config* config = fuse_loop_cfg_create();
  fuse_loop_cfg_set_max_threads(config, impl_->options.workers);
  fuse_loop_cfg_set_idle_threads(config, impl_->options.workers);
  const int result = fuse_session_loop_mt(impl_->session, config);
  fuse_loop_cfg_destroy(config);
  fuse_session_unmount(impl_->session);  // after a signal the mount is still there
  // A positive result is the signal that ended the loop: a normal end.
  if (result < 0) return base::Error::FromErrno(-result, "serving FUSE requests");
  return base::Ok();
}

}  // namespace fs
