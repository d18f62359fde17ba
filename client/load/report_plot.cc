#include "absl/strings/str_cat.h"
#include "client/load/plotted_run.h"
#include "client/load/report.h"

namespace lqvg::load {

std::string ToSvg(const Report& report) {
  return DrawRuns(absl::StrCat("Load on ", report.target, " (", report.protocol, ")"), report.workload,
                  {Plot(report, "")});
}

}  // namespace lqvg::load
