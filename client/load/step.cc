// What follows from a step's figures, whatever the form they are told in.

#include "absl/strings/str_format.h"
#include "client/load/report.h"

namespace lqvg::load {

double GoodputPerSecond(const Step& step) {
  if (step.duration <= absl::ZeroDuration()) return 0;
  return static_cast<double>(step.tally.good) / absl::ToDoubleSeconds(step.duration);
}

std::vector<std::string> Doubts(const Step& step) {
  std::vector<std::string> doubts;
  const absl::Duration lag = step.tally.lag.Percentile(99), median = step.tally.ok_latency.Percentile(50);
  if (lag > absl::Milliseconds(1) && lag > median / 10) {
    doubts.push_back(absl::StrFormat("Calls were sent late: 1 %% of them by %s or more, at a median latency of %s.",
                                     LatencyText(lag), LatencyText(median)));
  }
  if (step.tally.sent < step.due) {
    doubts.push_back(absl::StrFormat("Only %d of the %d calls that were due were sent: too many were unanswered.",
                                     step.tally.sent, step.due));
  }
  if (step.client_cpu > 0.9 * step.client_cores) {
    doubts.push_back(absl::StrFormat("This tool used %.2f of its %d %s.", step.client_cpu, step.client_cores,
                                     step.client_cores == 1 ? "core" : "cores"));
  }
  return doubts;
}

}  // namespace lqvg::load
