// A second port that serves grpc.health.v1 in plaintext and nothing else: for probes that cannot speak TLS or show a
// certificate, as Kubernetes' own.
//
// Owned by the server. What it tells gives nothing away that the time of a refused connection would not.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/health_service.h"
#include "server/server.h"

namespace lqvg::serving {

class HealthEndpoint {
 public:
  // Listens on options.health_address, with the limits that `options` sets for connections. UNAVAILABLE when it cannot.
  static absl::StatusOr<std::unique_ptr<HealthEndpoint>> Start(const ServerOptions& options);
  // Ends the watches and closes the port. Blocks until both are done.
  ~HealthEndpoint();
  HealthEndpoint(const HealthEndpoint&) = delete;
  HealthEndpoint& operator=(const HealthEndpoint&) = delete;

  int port() const { return port_; }
  HealthService& service() { return service_; }

 private:
  explicit HealthEndpoint(const ServerOptions& options);

  HealthService service_;
  std::unique_ptr<grpc::Server> server_;  // null when it could not start
  int port_ = 0;
};

}  // namespace lqvg::serving
