// The server's log: lines on stderr, as text or as JSON, each with a time (RFC 3339, UTC, milliseconds) and a level.
//
// Owned by Serve. Thread-safe. A line is written before Write returns, so a log that is not read can block its writers:
// lines that a client can cause are rate-limited by who writes them (call_log). Never image bytes or expressions.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "server/log_line.h"

namespace spdlog {
class logger;
namespace sinks {
class sink;
}  // namespace sinks
}  // namespace spdlog

namespace lqvg::serving {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

struct LogOptions {
  std::string format = "text";  // or "json": one object a line
  std::string level = "info";   // the least that is written: debug, info, warning or error
};

class Log {
 public:
  // Writes to stderr.
  explicit Log(const LogOptions& options);
  Log(const LogOptions& options, std::shared_ptr<spdlog::sinks::sink> sink);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool IsOn(LogLevel level) const;
  void Write(LogLevel level, std::string_view message, std::span<const LogField> fields);
  void Write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(level, message, std::span<const LogField>(fields.begin(), fields.size()));
  }

 private:
  const bool json_;
  const std::unique_ptr<spdlog::logger> logger_;
};

}  // namespace lqvg::serving
