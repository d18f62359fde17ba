// What the log says of calls, of batches, and of the gRPC library's troubles.
//
// An answered call is a debug line: metrics count those. A refusal that is the caller's affair is info, one that says
// that the server is full or going away is a warning, a fault of the service is an error. Clients can cause all of
// them, so each level may write kLinesPerSecond; a line says how many were left out before it. At level debug nothing
// is left out: who asks for everything gets it.
//
// Owned by Serve. Thread-safe.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "server/clock.h"
#include "server/finished_call.h"
#include "server/log.h"
#include "server/mutex.h"
#include "server/rate_limit.h"
#include "server/run_batch.h"

namespace lqvg::serving {

LogLevel LevelOfCall(absl::StatusCode code);

// The trace id of a W3C traceparent, "00-<32 digits of the trace>-<16 of the caller's span>-<2 of flags>"; empty when
// it is not one by the letter of https://www.w3.org/TR/trace-context-1/: lower-case hexadecimal, ids not all zero,
// version not ff, and more behind the flags only in versions after 00.
std::string_view TraceIdOf(std::string_view traceparent);

class CallLog {
 public:
  static constexpr int kLinesPerSecond = 10;
  static constexpr int kBurst = 50;

  // Both outlive this.
  CallLog(Log& log, const Clock& clock) : log_(log), clock_(clock) {}

  void Record(const FinishedCall& call);
  // Only a batch that failed is worth a line, in the model's own words.
  void Record(const BatchReport& batch);
  // What the gRPC library says of a failure.
  void Record(std::string_view library_message);

 private:
  // How many lines of `level` were left out before this one; nothing when this one is to be left out, too.
  std::optional<std::uint64_t> Admit(LogLevel level);

  Log& log_;
  const Clock& clock_;
  Mutex mutex_;
  std::array<RateLimit, 4> limits_ ABSL_GUARDED_BY(mutex_) = {
      RateLimit(kLinesPerSecond, kBurst), RateLimit(kLinesPerSecond, kBurst), RateLimit(kLinesPerSecond, kBurst),
      RateLimit(kLinesPerSecond, kBurst)};  // by LogLevel
};

}  // namespace lqvg::serving
