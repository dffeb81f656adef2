#include "base/log.h"

#include <fcntl.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <exception>
#include <memory>

#include "base/fd.h"
#include "base/mutex.h"

namespace base {
namespace {

std::shared_ptr<spdlog::logger> MakeLogger(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("cairnfs", std::move(sink));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %L %t %v");
  logger->set_level(spdlog::level::trace);
  // Every line reaches the kernel at once: the last ones before a kill are the ones that matter.
  logger->flush_on(spdlog::level::trace);
  return logger;
}

// The one piece of process-wide state: where lines go. A log that had to be handed to every
// function would be in every signature.
struct Destination {
  std::atomic<LogLevel> level{LogLevel::kInfo};  // atomic: read on every LOG_ without the lock
  Mutex mutex;
  std::shared_ptr<spdlog::logger> logger GUARDED_BY(mutex) =
      MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
};

Destination& TheDestination() {
  // Never destroyed: threads may log while the process exits.
  static Destination& destination = *new Destination;
  return destination;
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

// A file name may hold a newline; an event stays one line.
std::string OneLine(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      line += fmt::format("\\x{:02x}", byte);
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace

Status OpenLog(const std::filesystem::path& file) {
  std::shared_ptr<spdlog::logger> logger;
  if (file.empty()) {
    logger = MakeLogger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  } else {
    // Opened by us first, so that a failure carries its errno.
    TRY(OpenFile(file, O_WRONLY | O_CREAT | O_APPEND, 0640));
    try {
      logger = MakeLogger(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()));
    } catch (const std::exception& e) {
      return Error(ErrorClass::kIo, e.what());
    }
  }
  Destination& destination = TheDestination();
  MutexLock lock(destination.mutex);
  destination.logger.swap(logger);
  return Ok();
}

void SetLogLevel(LogLevel level) { TheDestination().level.store(level, std::memory_order_relaxed); }

bool LogEnabled(LogLevel level) {
  return level >= TheDestination().level.load(std::memory_order_relaxed);
}

void LogLine(LogLevel level, std::string_view line) {
  Destination& destination = TheDestination();
  std::shared_ptr<spdlog::logger> logger;
  {
    MutexLock lock(destination.mutex);
    logger = destination.logger;
  }
  logger->log(SpdlogLevel(level), OneLine(line));
}

}  // namespace base
