// Faults that a test puts into the server on purpose, and how a flag spells them:
// "executing:delay=50ms,batched:fail=device_lost".
//
// Plain values. What becomes of them is in fault_points.h.
#pragma once

#include <array>
#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "server/clock.h"

namespace lqvg::serving {

// Points on the one way of a call, in the order in which it passes them.
enum class FaultPoint {
  kParsed,     // whoever reads: the request is read, nothing of it is judged yet
  kQueued,     // whoever completes it: the query is ready for the model and about to be queued
  kBatched,    // batcher: a batch is chosen; its calls still count as waiting. Once per batch
  kExecuting,  // batcher: its calls count as running, the model is next. Again for every part of a batch that is
               // retried
  kFinishing,  // whoever ends a call: its place is free again, its caller is not told yet
};
inline constexpr std::size_t kFaultPointCount = 5;

// Of the model: at kBatched and kExecuting only.
enum class InjectedFailure {
  kNone,
  kDeviceMemory,  // RESOURCE_EXHAUSTED, DEVICE_MEMORY
  kDeviceLost,    // UNAVAILABLE, DEVICE_LOST
  kHang,          // does not come back
};

struct Fault {
  Duration delay{};  // first
  InjectedFailure failure = InjectedFailure::kNone;
};

struct FaultPlan {
  std::array<Fault, kFaultPointCount> at = {};  // by FaultPoint

  bool empty() const;
};

// Reads POINT:delay=DURATION and POINT:fail=device_memory|device_lost|hang, separated by commas; "" is the empty plan.
// INVALID_ARGUMENT says what would be right.
absl::StatusOr<FaultPlan> ParseFaultPlan(const std::string& text);
// What ParseFaultPlan reads.
std::string FormatFaultPlan(const FaultPlan& plan);

}  // namespace lqvg::serving
