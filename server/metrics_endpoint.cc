#include "server/metrics_endpoint.h"

#include <prometheus/exposer.h>

#include <exception>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lqvg::serving {

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(const std::string& address,
                                                                        const Metrics& metrics) {
  try {
    // Two threads: a scraper that stalls does not keep out another.
    auto exposer =
        std::make_unique<prometheus::Exposer>(std::vector<std::string>{"listening_ports", address, "num_threads", "2"});
    for (const auto& collectable : metrics.collectables()) exposer->RegisterCollectable(collectable);
    return std::unique_ptr<MetricsEndpoint>(new MetricsEndpoint(std::move(exposer)));
  } catch (const std::exception&) {  // CivetWeb's says no more than that it could not start
    // Its threads have 100 KiB of stack, of which libraries with much thread-local data leave too little: OpenBLAS,
    // where it stands in for the BLAS that OpenCV's core wants.
    return absl::UnavailableError(absl::StrCat("cannot serve metrics on ", address,
                                               ": it is not of this machine, or taken; or threads with small stacks do "
                                               "not start, as with OpenBLAS in place of Debian's libblas3"));
  }
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<prometheus::Exposer> exposer)
    : exposer_(std::move(exposer)), port_(exposer_->GetListeningPorts().at(0)) {}

MetricsEndpoint::~MetricsEndpoint() = default;

}  // namespace lqvg::serving
