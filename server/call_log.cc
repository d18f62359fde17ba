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

bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

// Of the answer: what it was computed from, and together with what.
void AddSizes(const FinishedCall& call, std::vector<LogField>& fields) {
  const struct {
    const char* name;
    int size;
  } sizes[] = {{"image_width_px", call.image_width},
               {"image_height_px", call.image_height},
               {"expressions", call.expressions},
               {"batch_images", call.batch_images},
               {"batch_expressions", call.batch_expressions}};
  for (const auto& size : sizes) {
    if (size.size > 0) fields.push_back({size.name, std::int64_t{size.size}});
  }
}

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
  constexpr std::size_t kLength = 55;  // of version 00; later ones may append "-..."
  if (traceparent.size() < kLength) return "";
  const std::string_view version = traceparent.substr(0, 2), trace_id = traceparent.substr(3, 32);
  const std::string_view parent_id = traceparent.substr(36, 16), flags = traceparent.substr(53, 2);
  if (traceparent[2] != '-' || traceparent[35] != '-' || traceparent[52] != '-') return "";
  if (!IsHex(version) || !IsHex(trace_id) || !IsHex(parent_id) || !IsHex(flags)) return "";
  if (version == "ff" || IsZero(trace_id) || IsZero(parent_id)) return "";
  if (traceparent.size() > kLength && (version == "00" || traceparent[kLength] != '-')) return "";
  return trace_id;
}

void CallLog::Record(const FinishedCall& call) {
  const LogLevel level = LevelOfCall(call.code);
  if (!log_.IsOn(level)) return;
  const std::optional<std::uint64_t> left_out = Admit(level);
  if (!left_out) return;

  const std::string code = absl::StatusCodeToString(call.code);
  const std::string detail(call.status.message());
  std::vector<LogField> fields = {{"method", call.method}, {"code", code}, {"request_id", call.request_id}};
  if (!call.client.empty()) fields.push_back({"client", call.client});
  if (!call.reason.empty()) fields.push_back({"reason", call.reason});
  if (const std::string_view trace_id = TraceIdOf(call.traceparent); !trace_id.empty()) {
    fields.push_back({"trace_id", trace_id});
    fields.push_back({"traceparent", call.traceparent});
  }
  if (!detail.empty()) fields.push_back({"detail", detail});
  fields.push_back({"total_ms", Milliseconds(call.total)});
  AddStages(call, fields);
  AddSizes(call, fields);
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
