#include "server/call_log.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lqvg::serving {
namespace {

double Milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

void AddStages(const FinishedCall& call, std::vector<LogField>& fields) {
  const StageTimes& times = call.times;
  const struct {
    const char* name;
    Duration duration;
  } stages[] = {{"queue_ms", times.pool_queue + times.batch_queue},
                {"parse_ms", times.parse},
                {"decode_ms", times.decode},
                {"prepare_ms", times.prepare},
                {"model_ms", times.model},
                {"respond_ms", call.respond}};
  for (const auto& stage : stages) {
    if (stage.duration > Duration::zero()) fields.push_back({stage.name, Milliseconds(stage.duration)});
  }
}

bool IsHex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

}  // namespace

LogLevel LevelOfCall(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return LogLevel::kDebug;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return LogLevel::kWarning;
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return LogLevel::kError;
    default:
      return LogLevel::kInfo;
  }
}

std::string_view TraceIdOf(std::string_view traceparent) {
  constexpr std::size_t kDashes[] = {2, 35, 52};
  constexpr std::size_t kLength = 55;
  if (traceparent.size() < kLength) return "";
  for (const std::size_t dash : kDashes) {
    if (traceparent[dash] != '-') return "";
  }
  const std::string_view trace_id = traceparent.substr(3, 32);
  return IsHex(trace_id) ? trace_id : "";
}

void CallLog::Record(const FinishedCall& call) {
  const LogLevel level = LevelOfCall(call.code);
  if (!log_.IsOn(level)) return;
  const std::optional<std::uint64_t> left_out = Admit(level);
  if (!left_out) return;

  const std::string code = absl::StatusCodeToString(call.code);
  const std::string detail(call.status.message());
  std::vector<LogField> fields = {{"method", call.method}, {"code", code}, {"request_id", call.request_id}};
  if (!call.reason.empty()) fields.push_back({"reason", call.reason});
  if (const std::string_view trace_id = TraceIdOf(call.traceparent); !trace_id.empty()) {
    fields.push_back({"trace_id", trace_id});
  }
  if (!detail.empty()) fields.push_back({"detail", detail});
  fields.push_back({"total_ms", Milliseconds(call.total)});
  AddStages(call, fields);
  if (call.image_pixels > 0) fields.push_back({"image_pixels", static_cast<std::int64_t>(call.image_pixels)});
  if (call.expressions > 0) fields.push_back({"expressions", static_cast<std::int64_t>(call.expressions)});
  if (*left_out > 0) fields.push_back({"lines_left_out", static_cast<std::int64_t>(*left_out)});
  log_.Write(level, "call", fields);
}

void CallLog::Record(const BatchReport& batch) {
  if (batch.status.ok() || batch.status.code() == absl::StatusCode::kCancelled) return;
  const std::optional<std::uint64_t> left_out = Admit(LogLevel::kError);
  if (!left_out) return;
  const std::string code = absl::StatusCodeToString(batch.status.code());
  const std::string detail(batch.status.message());
  log_.Write(LogLevel::kError, "a batch failed",
             {{"code", code},
              {"detail", detail},
              {"calls", std::int64_t{batch.calls}},
              {"images", std::int64_t{batch.images}},
              {"expressions", std::int64_t{batch.expressions}},
              {"lines_left_out", static_cast<std::int64_t>(*left_out)}});
}

void CallLog::Record(std::string_view library_message) {
  const std::optional<std::uint64_t> left_out = Admit(LogLevel::kWarning);
  if (!left_out) return;
  log_.Write(LogLevel::kWarning, "grpc",
             {{"detail", library_message}, {"lines_left_out", static_cast<std::int64_t>(*left_out)}});
}

std::optional<std::uint64_t> CallLog::Admit(LogLevel level) {
  if (log_.IsOn(LogLevel::kDebug)) return 0;
  MutexLock lock(&mutex_);
  return limits_[static_cast<std::size_t>(level)].Admit(clock_.Now());
}

}  // namespace lqvg::serving
