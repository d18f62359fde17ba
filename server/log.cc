#include "server/log.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <utility>

namespace lqvg::serving {
namespace {

constexpr char kTextPattern[] = "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v";
constexpr char kJsonPattern[] = R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

}  // namespace

Log::Log(const LogOptions& options) : Log(options, std::make_shared<spdlog::sinks::stderr_sink_mt>()) {}

Log::Log(const LogOptions& options, std::shared_ptr<spdlog::sinks::sink> sink)
    : json_(options.format == "json"), logger_(std::make_unique<spdlog::logger>("lqvg", std::move(sink))) {
  logger_->set_formatter(
      std::make_unique<spdlog::pattern_formatter>(json_ ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc));
  logger_->set_level(spdlog::level::from_str(options.level));
  logger_->flush_on(spdlog::level::trace);
  // spdlog would report a failed write on stderr, which is what has failed.
  logger_->set_error_handler([](const std::string&) {});
}

Log::~Log() = default;

bool Log::IsOn(LogLevel level) const { return logger_->should_log(ToSpdlog(level)); }

void Log::Write(LogLevel level, std::string_view message, std::span<const LogField> fields) {
  if (!IsOn(level)) return;
  logger_->log(ToSpdlog(level), json_ ? RenderJsonMembers(message, fields) : RenderText(message, fields));
}

}  // namespace lqvg::serving
