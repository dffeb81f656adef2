#include "objclient/http/http_date.h"

#include <time.h>

#include <array>

namespace objclient {

namespace {

// strptime and strftime use names of the process's locale, which is "C" unless a program calls
// setlocale; ours does not. The rest of the text after the format goes to `rest`.
std::optional<std::int64_t> Parse(std::string_view text, const char* format, std::string* rest) {
  const std::string copy(text.substr(0, 64));
  tm parts{};
  const char* stop = strptime(copy.c_str(), format, &parts);
  if (stop == nullptr) return std::nullopt;
  *rest = stop;
  return timegm(&parts);
}

std::string Format(std::int64_t epoch_seconds, const char* format) {
  const time_t time = epoch_seconds;
  tm parts{};
  gmtime_r(&time, &parts);
  std::array<char, 64> text{};
  strftime(text.data(), text.size(), format, &parts);
  return text.data();
}

}  // namespace

std::optional<std::int64_t> ParseHttpDate(std::string_view text) {
  std::string rest;
  const auto seconds = Parse(text, "%a, %d %b %Y %H:%M:%S", &rest);
  return rest == " GMT" ? seconds : std::nullopt;
}

std::optional<std::int64_t> ParseIsoDate(std::string_view text) {
  std::string rest;
  const auto seconds = Parse(text, "%Y-%m-%dT%H:%M:%S", &rest);
  if (!seconds || rest.empty() || rest.back() != 'Z') return std::nullopt;
  rest.pop_back();
  const bool fraction = rest.size() > 1 && rest.front() == '.' &&
                        rest.find_first_not_of("0123456789", 1) == std::string::npos;
  return rest.empty() || fraction ? seconds : std::nullopt;
}

std::string FormatAmzDate(std::int64_t epoch_seconds) {
  return Format(epoch_seconds, "%Y%m%dT%H%M%SZ");
}

std::string FormatHttpDate(std::int64_t epoch_seconds) {
  return Format(epoch_seconds, "%a, %d %b %Y %H:%M:%S GMT");
}

std::string FormatIsoDate(std::int64_t epoch_seconds) {
  return Format(epoch_seconds, "%Y-%m-%dT%H:%M:%SZ");
}

}  // namespace objclient
