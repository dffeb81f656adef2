// cairnfs mount URL DIR
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <limits>
#include <map>
#include <sstream>

#include "base/bytes.h"
#include "base/log.h"
#include "base/options.h"
#include "fs/cli/command.h"
#include "fs/cli/daemon.h"
#include "fs/cli/unmount.h"
#include "fs/cli/usage.h"
#include "fs/cli/volume_options.h"
#include "fs/mount.h"
#include "fs/mount_table.h"
#include "fs/version.h"
#include "fs/volume_paths.h"

namespace fs::cli {
namespace {

// The command line as written, before anything is resolved.
struct MountArguments {
  VolumeOptions volume;
  std::string directory;
  std::string cache_directory;
  std::string memory_limit;
  std::string cache_size = "10GiB";
  std::string refresh = "60s";
  std::string log_file;
  std::string log_level = "info";
  std::vector<std::string> mount_options;  // -o words, commas not yet split
  std::vector<std::string> for_kernel;     // of those
  bool nonempty = false;
  bool foreground = false;
  bool read_only = false;
  bool allow_other = false;
  std::uint32_t uid = geteuid();
  std::uint32_t gid = getegid();
};

base::Error Invalid(const std::string& message) {
  return base::Error(base::ErrorClass::kInvalid, message);
}

constexpr char kLogName[] = "cairnfs.log";
constexpr char kNonEmpty[] = "nonempty";
constexpr std::array kForMount = {"rw",    "defaults", "auto",    "noauto", "user",
                                  "users", "nofail",   "_netdev", kNonEmpty};
constexpr std::array kForKernel = {"suid",   "nosuid",   "dev",         "nodev", "exec",
                                   "noexec", "atime",    "noatime",     "sync",  "dirsync",
                                   "async",  "relatime", "auto_unmount"};

// The spelling of the command line for a word of mount(8).
std::string OwnName(const std::string& name) {
  if (name == "ro") return "read-only";
  return name == "allow_other" ? "allow-other" : name;
}

CLI::Option* FindOwnOption(CLI::App& command, const std::string& name) {
  for (const base::OptionRow& row : base::MountOptionTable()) {
    if (row.name == name) return command.get_option("--" + name);
  }
  return nullptr;
}

// As if it had been given as an option of its own, checks included.
base::Status SetOption(CLI::Option& option, const std::string& name, const std::string& value) {
  const bool is_flag = option.get_expected_max() == 0;
  if (is_flag && !value.empty()) return Invalid("-o " + name + " takes no value");
  if (!is_flag && value.empty()) {
    return Invalid("-o " + name + " needs a value: -o " + name + "=VALUE");
  }
  try {
    option.clear();
    option.add_result(is_flag ? "true" : value);
    option.run_callback();
  } catch (const CLI::Error& error) {
    std::string said = error.what();
    const std::string own_name = option.get_name() + ": ";
    if (said.starts_with(own_name)) said.erase(0, own_name.size());
    return Invalid("-o " + name + ": " + said);
  }
  return base::Ok();
}

base::Error UnknownWord(const std::string& word, const std::string& name) {
  std::vector<std::string> known = {"ro", "allow_other"};
  for (const base::OptionRow& row : base::MountOptionTable()) known.push_back(row.name);
  known.insert(known.end(), kForKernel.begin(), kForKernel.end());
  known.insert(known.end(), kForMount.begin(), kForMount.end());
  const std::string hint = base::Suggest(name, known);
  return Invalid("unknown mount option '-o " + word + "'" +
                 (hint.empty() ? "" : " (did you mean " + hint + "?)"));
}

// mount(8) hands over words that are for itself, for the kernel, or ours in -o spelling.
base::Status ApplyMountWord(const std::string& word, CLI::App& command, MountArguments& arguments) {
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(0, equals);
  const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
  if (CLI::Option* option = FindOwnOption(command, OwnName(name))) {
    return SetOption(*option, name, value);
  }
  if (name == kNonEmpty) arguments.nonempty = true;
  if (std::ranges::find(kForKernel, name) != kForKernel.end()) {
    arguments.for_kernel.push_back(word);
    return base::Ok();
  }
  const bool known = std::ranges::find(kForMount, name) != kForMount.end();
  return known || name.starts_with("x-") ? base::Ok() : base::Status(UnknownWord(word, name));
}

base::Status ApplyMountWords(CLI::App& command, MountArguments& arguments) {
  for (const std::string& words : arguments.mount_options) {
    std::istringstream stream(words);
    for (std::string word; std::getline(stream, word, ',');) {
      TRY(ApplyMountWord(word, command, arguments));
    }
  }
  return base::Ok();
}

// Nothing may be mounted there. Of a daemon of ours that was killed the mount is left, in which
// nothing works any more: it is taken away, as nobody can miss it.
base::Status FreeMountPoint(const std::filesystem::path& point) {
  while (true) {
    TRY_ASSIGN(const std::string mountinfo, ReadMountInfo());
    const auto entry = FindMountEntry(mountinfo, point.string());
    if (!entry || !entry->type.starts_with("fuse")) return base::Ok();
    if (entry->type != "fuse.cairnfs" || !IsDeadMount(point)) {
      return base::Error(base::ErrorClass::kExists,
                         point.string() + " is already mounted (" + entry->source +
                             "); unmount it first: cairnfs umount " + point.string(),
                         EBUSY);
    }
    constexpr bool kForce = true;
    TRY(Unmount(point, kForce));
    std::fprintf(stderr, "cairnfs: took away the mount of %s at %s, whose daemon had died\n",
                 entry->source.c_str(), point.c_str());
  }
}

// The place must be an existing, empty directory where nothing of ours is mounted.
base::Result<std::filesystem::path> CheckMountPoint(const std::string& directory, bool nonempty) {
  const std::filesystem::path path = std::filesystem::absolute(directory).lexically_normal();
  const std::filesystem::path point = path.has_filename() ? path : path.parent_path();
  TRY(FreeMountPoint(point));
  std::error_code error;
  const auto status = std::filesystem::status(point, error);
  if (!std::filesystem::exists(status)) {
    return base::Error(base::ErrorClass::kNotFound,
                       "mount point " + point.string() +
                           " does not exist; make it first: mkdir -p " + point.string());
  }
  if (!std::filesystem::is_directory(status)) {
    return base::Error(base::ErrorClass::kInvalid,
                       "mount point " + point.string() + " is not a directory", ENOTDIR);
  }
  if (!nonempty && !std::filesystem::is_empty(point, error)) {
    return base::Error(base::ErrorClass::kInvalid,
                       "mount point " + point.string() +
                           " is not empty: its files would be hidden; use an empty directory, or "
                           "-o nonempty if that is meant",
                       ENOTEMPTY);
  }
  const auto canonical = std::filesystem::canonical(point, error);
  if (error) return base::Error::FromErrno(error.value(), "mount point " + point.string());
  return canonical;
}

base::Status ResolveLimits(const MountArguments& arguments, MountConfig& config) {
  config.memory_limit = DefaultMemoryLimit();
  if (!arguments.memory_limit.empty()) {
    TRY_ASSIGN(config.memory_limit, base::ParseSize(arguments.memory_limit));
  }
  TRY_ASSIGN(config.cache_size, base::ParseSize(arguments.cache_size));
  TRY_ASSIGN(const auto refresh, base::ParseDuration(arguments.refresh));
  config.filesystem.refresh_s = refresh ? std::chrono::duration<double>(*refresh).count() : -1;
  return base::Ok();
}

// A bucket that shows its own mount would hold itself; our own files in it would be its users'.
base::Status CheckOutsideBucket(const char* what, const std::filesystem::path& place,
                                const objclient::BucketUrl& url) {
  if (url.kind != objclient::BucketUrl::Kind::kLocal) return base::Ok();
  std::error_code error;
  const auto bucket = std::filesystem::weakly_canonical(url.bucket, error);
  if (error) return base::Ok();  // opening the bucket says why
  const auto inside = std::filesystem::weakly_canonical(place, error).lexically_relative(bucket);
  if (error || inside.empty() || *inside.begin() == "..") return base::Ok();
  return base::Error(base::ErrorClass::kInvalid, std::string(what) + " " + place.string() +
                                                     " lies in the bucket " + bucket.string() +
                                                     ": choose a directory outside");
}

base::Status ResolvePlaces(const MountArguments& arguments, const Environment& environment,
                           MountConfig& config) {
  const bool is_root = geteuid() == 0;
  if (arguments.volume.state_directory.empty()) {
    TRY_ASSIGN(config.state_directory,
               DefaultStateDirectory(config.identity, is_root, environment));
  } else {
    config.state_directory = std::filesystem::absolute(arguments.volume.state_directory);
  }
  if (arguments.cache_directory.empty()) {
    TRY_ASSIGN(config.cache_directory, DefaultCacheDirectory(is_root, environment));
  } else {
    config.cache_directory = std::filesystem::absolute(arguments.cache_directory);
  }
  return base::Ok();
}

base::Result<MountConfig> Resolve(const MountArguments& arguments) {
  MountConfig config;
  config.mount_options = arguments.for_kernel;
  TRY_ASSIGN(config.url, objclient::ParseBucketUrl(arguments.volume.url));
  TRY_ASSIGN(config.mount_point, CheckMountPoint(arguments.directory, arguments.nonempty));
  TRY(CheckOutsideBucket("mount point", config.mount_point, config.url));
  TRY(ResolveLimits(arguments, config));

  const Environment environment = objclient::ProcessEnvironment();
  config.store = arguments.volume.store;
  for (std::string* file : {&config.store.ca_bundle, &config.store.s3.sse_customer_key_file}) {
    if (!file->empty()) *file = std::filesystem::absolute(*file).string();  // the daemon moves to /
  }
  config.identity = VolumeIdentity(config.url, config.store, environment);
  TRY(ResolvePlaces(arguments, environment, config));
  TRY(CheckOutsideBucket("--state-dir", config.state_directory, config.url));
  TRY(CheckOutsideBucket("--cache-dir", config.cache_directory, config.url));
  // root mounts for everybody, as JuiceFS and NFS do; others need user_allow_other in fuse.conf.
  config.allow_other = arguments.allow_other || geteuid() == 0;
  config.filesystem.read_only = arguments.read_only;
  config.filesystem.uid = arguments.uid;
  config.filesystem.gid = arguments.gid;
  config.filesystem.url = config.url.ToString();
  config.filesystem.state_directory = config.state_directory.string();
  config.filesystem.version = kVersion;
  config.filesystem.memory_limit = config.memory_limit;
  return config;
}

base::Status StartLog(const MountArguments& arguments, const MountConfig& config, bool detached) {
  static const std::map<std::string, base::LogLevel> kLevels = {{"debug", base::LogLevel::kDebug},
                                                                {"info", base::LogLevel::kInfo},
                                                                {"warn", base::LogLevel::kWarn},
                                                                {"error", base::LogLevel::kError}};
  base::SetLogLevel(kLevels.at(arguments.log_level));
  if (!arguments.log_file.empty()) return base::OpenLog(arguments.log_file);
  if (!detached) return base::Ok();
  TRY(MakeStateDirectory(config.state_directory));
  return base::OpenLog(config.state_directory / kLogName);
}

template <typename T>
auto OptionInto(CLI::App& command, T& variable) {
  return [&command, &variable](const std::string& flags, const std::string& help) {
    return command.add_option(flags, variable, help);
  };
}

auto FlagInto(CLI::App& command, bool& variable) {
  return [&command, &variable](const std::string& flags, const std::string& help) {
    return command.add_flag(flags, variable, help);
  };
}

// A volume that was never mounted leaves nothing behind: what its log says has been told.
void RemoveLogAlone(const std::filesystem::path& state_directory) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(state_directory, error);
  const bool alone = !error && std::all_of(begin(entries), end(entries), [](const auto& entry) {
    return entry.path().filename() == kLogName;
  });
  if (!alone) return;
  std::filesystem::remove(state_directory / kLogName, error);
  std::filesystem::remove(state_directory, error);
}

int RunMount(CLI::App& command, MountArguments& arguments) {
  const base::Status words = ApplyMountWords(command, arguments);
  if (!words.ok()) return FailUsage(words.error().message());
  if (!arguments.log_file.empty()) {
    arguments.log_file = std::filesystem::absolute(arguments.log_file).string();
  }
  const auto config = Resolve(arguments);
  if (!config.ok()) return Fail(config.error().message());

  Readiness readiness;
  if (!arguments.foreground) {
    auto detached = Detach();
    if (!detached.ok()) return Fail(detached.error().message());
    readiness = std::move(*detached);
  }
  std::error_code error;
  const bool is_new = !std::filesystem::exists(config->state_directory, error) && !error;
  base::Status status = StartLog(arguments, *config, readiness.detached());
  if (status.ok()) {
    status = MountAndServe(*config, base::SystemClock(), [&readiness] { readiness.Ready(); });
  }
  if (status.ok()) return kDone;
  LOG_ERROR("mount failed: {}", status.error().ToString());
  if (is_new) RemoveLogAlone(config->state_directory);
  readiness.Failed(status.error().message());
  return kFailed;
}

}  // namespace

void AddMountCommand(CLI::App& app, Run& chosen) {
  CLI::App* command = app.add_subcommand("mount", "Mount a bucket at a directory");
  auto arguments = std::make_shared<MountArguments>();
  MountArguments& a = *arguments;
  objclient::S3Options& s3 = a.volume.store.s3;
  command
      ->add_option("URL", a.volume.url,
                   "s3://bucket[/prefix], az://account/container[/prefix] or file:///directory")
      ->required()
      ->check(IsUrl());
  command->add_option("DIR", a.directory, "Existing, empty directory")->required();

  // One row of the table, one variable: a row without one is refused at the first start.
  const std::map<std::string, std::function<CLI::Option*(const std::string&, const std::string&)>>
      variables = {{"endpoint", OptionInto(*command, a.volume.store.endpoint)},
                   {"region", OptionInto(*command, a.volume.store.region)},
                   {"profile", OptionInto(*command, a.volume.store.profile)},
                   {"cache-dir", OptionInto(*command, a.cache_directory)},
                   {"state-dir", OptionInto(*command, a.volume.state_directory)},
                   {"memory-limit", OptionInto(*command, a.memory_limit)},
                   {"cache-size", OptionInto(*command, a.cache_size)},
                   {"refresh", OptionInto(*command, a.refresh)},
                   {"log-file", OptionInto(*command, a.log_file)},
                   {"log-level", OptionInto(*command, a.log_level)},
                   {"connections", OptionInto(*command, a.volume.store.connections)},
                   {"ca-bundle", OptionInto(*command, a.volume.store.ca_bundle)},
                   {"proxy", OptionInto(*command, a.volume.store.proxy)},
                   {"addressing", OptionInto(*command, s3.addressing)},
                   {"dual-stack", FlagInto(*command, s3.dual_stack)},
                   {"requester-pays", FlagInto(*command, s3.requester_pays)},
                   {"storage-class", OptionInto(*command, s3.storage_class)},
                   {"sse", OptionInto(*command, s3.sse)},
                   {"sse-kms-key", OptionInto(*command, s3.sse_kms_key)},
                   {"sse-customer-key-file", OptionInto(*command, s3.sse_customer_key_file)},
                   {"uid", OptionInto(*command, a.uid)},
                   {"gid", OptionInto(*command, a.gid)},
                   {"read-only", FlagInto(*command, a.read_only)},
                   {"allow-other", FlagInto(*command, a.allow_other)},
                   {"foreground", FlagInto(*command, a.foreground)}};
  for (const base::OptionRow& row : base::MountOptionTable()) {
    CLI::Option* option = variables.at(row.name)(base::OptionFlags(row), base::OptionHelp(row));
    if (!row.group.empty()) option->group(row.group);
  }
  constexpr std::uint32_t kConnectionsMax = 256;
  constexpr std::uint32_t kIdMax = std::numeric_limits<std::uint32_t>::max() - 1;
  command->get_option("--connections")->check(CLI::Range(1u, kConnectionsMax));
  for (const char* id : {"--uid", "--gid"}) command->get_option(id)->check(CLI::Range(0u, kIdMax));
  command->get_option("--refresh")->check(IsDuration());
  command->get_option("--cache-size")->check(IsSize());
  command->get_option("--memory-limit")->check(IsSize(kMemoryLimitMin));
  command->get_option("--addressing")->check(CLI::IsMember({"auto", "virtual", "path"}));
  command->get_option("--sse")->check(CLI::IsMember({"s3", "kms"}));
  command->get_option("--log-level")->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  command->add_option("-o", a.mount_options,
                      "options of mount(8), separated by commas; ours too: -o cache-dir=/x");
  command->callback([arguments, command, &chosen] {
    chosen = [arguments, command] { return RunMount(*command, *arguments); };
  });
}

}  // namespace fs::cli
