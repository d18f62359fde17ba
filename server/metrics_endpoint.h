// The HTTP port where Prometheus fetches /metrics.
//
// Owned by Serve. Two threads of its own answer scrapes until it is destroyed; nothing else is served there.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/metrics.h"

namespace prometheus {
class Exposer;
}  // namespace prometheus

namespace lqvg::serving {

class MetricsEndpoint {
 public:
  // Listens on `address` (host:port; port 0 picks one). `metrics` outlives the endpoint. UNAVAILABLE when the address
  // is not of this machine or taken.
  static absl::StatusOr<std::unique_ptr<MetricsEndpoint>> Start(const std::string& address, const Metrics& metrics);
  ~MetricsEndpoint();

  // The port that is listened on.
  int port() const { return port_; }

 private:
  explicit MetricsEndpoint(std::unique_ptr<prometheus::Exposer> exposer);

  const std::unique_ptr<prometheus::Exposer> exposer_;
  const int port_;
};

}  // namespace lqvg::serving
