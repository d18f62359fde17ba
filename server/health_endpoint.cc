#include "server/health_endpoint.h"

#include <chrono>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/transport_limits.h"
#include "server/without_reflection.h"

namespace lqvg::serving {
namespace {

// A probe is a name. What the calls of the other port may take is not to be had here.
constexpr std::size_t kMaxRequestBytes = 4 << 10;
constexpr std::size_t kMemoryQuotaBytes = 16 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<HealthEndpoint>> HealthEndpoint::Start(const ServerOptions& options) {
  std::unique_ptr<HealthEndpoint> endpoint(new HealthEndpoint(options));
  if (endpoint->server_ == nullptr) {
    return absl::UnavailableError(absl::StrCat("cannot listen for health on ", options.health_address,
                                               ": it is malformed, not of this machine, or taken"));
  }
  return endpoint;
}

HealthEndpoint::HealthEndpoint(const ServerOptions& options) {
  grpc::ServerBuilder builder;
  builder.SetOption(std::make_unique<WithoutReflection>());
  ServerOptions narrow = options;
  narrow.limits.max_request_bytes = kMaxRequestBytes;
  narrow.memory_quota_bytes = kMemoryQuotaBytes;
  SetTransportLimits(narrow, builder);
  builder.AddListeningPort(options.health_address, grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(&service_);
  server_ = builder.BuildAndStart();
}

HealthEndpoint::~HealthEndpoint() {
  if (server_ == nullptr) return;
  service_.Shutdown();
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

}  // namespace lqvg::serving
