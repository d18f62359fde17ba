#include "server/fault_plan.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/value_text.h"

namespace lqvg::serving {
namespace {

constexpr const char* kPointNames[] = {"parsed", "queued", "batched", "executing", "finishing"};
constexpr const char* kFailureNames[] = {"", "device_memory", "device_lost", "hang"};  // by InjectedFailure
static_assert(std::size(kPointNames) == kFaultPointCount);

constexpr Duration kMaxDelay = std::chrono::hours(1);

absl::Status Wrong(const std::string& fault, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("in '", fault, "', ", what));
}

bool IsBeforeTheModel(std::size_t point) {
  return point == static_cast<std::size_t>(FaultPoint::kBatched) ||
         point == static_cast<std::size_t>(FaultPoint::kExecuting);
}

absl::Status ReadDelay(const std::string& fault, const std::string& value, Fault& read) {
  if (read.delay > Duration::zero()) return Wrong(fault, "the point has a delay already");
  const absl::StatusOr<Duration> delay = ParseDuration(value);
  if (!delay.ok()) return Wrong(fault, absl::StrCat("the delay is ", delay.status().message()));
  if (*delay <= Duration::zero() || *delay > kMaxDelay) {
    return Wrong(fault, absl::StrCat("the delay must be above 0s and at most ", FormatDuration(kMaxDelay)));
  }
  read.delay = *delay;
  return absl::OkStatus();
}

absl::Status ReadFailure(const std::string& fault, const std::string& value, std::size_t point, Fault& read) {
  if (read.failure != InjectedFailure::kNone) return Wrong(fault, "the point fails already");
  if (!IsBeforeTheModel(point)) return Wrong(fault, "only batched and executing can fail: it is the model that does");
  const auto found = std::find(std::begin(kFailureNames) + 1, std::end(kFailureNames), value);
  if (found == std::end(kFailureNames)) return Wrong(fault, "fail must be one of device_memory, device_lost, hang");
  read.failure = static_cast<InjectedFailure>(found - std::begin(kFailureNames));
  return absl::OkStatus();
}

// Adds one fault, such as "executing:delay=50ms", to `plan`.
absl::Status ReadFault(const std::string& fault, FaultPlan& plan) {
  const std::size_t colon = fault.find(':');
  const std::size_t equals = fault.find('=');
  if (colon == std::string::npos || equals == std::string::npos || equals < colon) {
    return Wrong(fault, "write it as POINT:delay=DURATION or POINT:fail=FAILURE");
  }
  const auto name = std::find(std::begin(kPointNames), std::end(kPointNames), fault.substr(0, colon));
  if (name == std::end(kPointNames)) {
    return Wrong(fault, absl::StrCat("the point must be one of ", absl::StrJoin(kPointNames, ", ")));
  }
  const auto point = static_cast<std::size_t>(name - std::begin(kPointNames));
  const std::string kind = fault.substr(colon + 1, equals - colon - 1);
  const std::string value = fault.substr(equals + 1);
  if (kind == "delay") return ReadDelay(fault, value, plan.at[point]);
  if (kind == "fail") return ReadFailure(fault, value, point, plan.at[point]);
  return Wrong(fault, "what happens must be delay or fail");
}

}  // namespace

bool FaultPlan::empty() const {
  return std::all_of(at.begin(), at.end(), [](const Fault& fault) {
    return fault.delay == Duration::zero() && fault.failure == InjectedFailure::kNone;
  });
}

absl::StatusOr<FaultPlan> ParseFaultPlan(const std::string& text) {
  FaultPlan plan;
  if (text.empty()) return plan;
  for (const std::string& fault : std::vector<std::string>(absl::StrSplit(text, ','))) {
    if (absl::Status status = ReadFault(fault, plan); !status.ok()) return status;
  }
  return plan;
}

std::string FormatFaultPlan(const FaultPlan& plan) {
  std::vector<std::string> faults;
  for (std::size_t point = 0; point < kFaultPointCount; ++point) {
    const Fault& fault = plan.at[point];
    if (fault.delay > Duration::zero()) {
      faults.push_back(absl::StrCat(kPointNames[point], ":delay=", FormatDuration(fault.delay)));
    }
    if (fault.failure != InjectedFailure::kNone) {
      faults.push_back(
          absl::StrCat(kPointNames[point], ":fail=", kFailureNames[static_cast<std::size_t>(fault.failure)]));
    }
  }
  return absl::StrJoin(faults, ",");
}

}  // namespace lqvg::serving
