// Logging: one line an event, key=value, through spdlog (kept out of this header so that only
// log.cc pays for it). Errors travel as values and are logged once, at the boundary that answers or
// gives up. Any thread. Never pass a credential; Secret (base/secret.h) cannot be formatted.
//   LOG_INFO("mounted url={} dir={}", url, dir);
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

// Log to stderr (the default) or, with a path, append to a file. Reopens on a second call.
Status OpenLog(const std::filesystem::path& file);
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
void LogLine(LogLevel level, std::string_view line);

}  // namespace base

#define CAIRNFS_LOG(level, ...)                                                        \
  do {                                                                                 \
    if (::base::LogEnabled(level)) ::base::LogLine(level, ::fmt::format(__VA_ARGS__)); \
  } while (false)
#define LOG_DEBUG(...) CAIRNFS_LOG(::base::LogLevel::kDebug, __VA_ARGS__)
#define LOG_INFO(...) CAIRNFS_LOG(::base::LogLevel::kInfo, __VA_ARGS__)
#define LOG_WARN(...) CAIRNFS_LOG(::base::LogLevel::kWarn, __VA_ARGS__)
#define LOG_ERROR(...) CAIRNFS_LOG(::base::LogLevel::kError, __VA_ARGS__)
