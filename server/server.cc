#include "server/server.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/support/log.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/ground_service.h"
#include "server/health_endpoint.h"
#include "server/health_service.h"
#include "server/mutex.h"
#include "server/oip_service.h"
#include "server/reception.h"
#include "server/tls_credentials.h"
#include "server/transport_limits.h"
#include "server/without_reflection.h"

namespace lqvg::serving {
namespace {

// Never destroyed: the library may log until the process ends.
struct LibraryLogSlot {
  Mutex mutex;
  LibraryLog log ABSL_GUARDED_BY(mutex);
};
LibraryLogSlot& TheLibraryLog() {
  static auto* const slot = new LibraryLogSlot;
  return *slot;
}

void ForwardLibraryLog(gpr_log_func_args* args) {
  LibraryLogSlot& slot = TheLibraryLog();
  MutexLock lock(&slot.mutex);
  if (slot.log) slot.log(args->message);
}

}  // namespace

void SetLibraryLog(LibraryLog log) {
  gpr_set_log_function(&ForwardLibraryLog);
  LibraryLogSlot& slot = TheLibraryLog();
  MutexLock lock(&slot.mutex);
  slot.log = std::move(log);
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, Pipeline& pipeline,
                                                      const Clock& clock, CallObserver observer) {
  std::unique_ptr<Server> server(new Server(options, pipeline, clock, std::move(observer)));
  if (server->server_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("cannot listen on ", options.address, ": it is malformed, not of this machine, or taken"));
  }
  if (!options.health_address.empty()) {
    absl::StatusOr<std::unique_ptr<HealthEndpoint>> endpoint = HealthEndpoint::Start(options);
    if (!endpoint.ok()) return endpoint.status();
    server->health_endpoint_ = *std::move(endpoint);
  }
  return server;
}

Server::Server(const ServerOptions& options, Pipeline& pipeline, const Clock& clock, CallObserver observer)
    : clock_(clock),
      reception_(std::make_unique<Reception>(Reception::Options{.limits = options.limits,
                                                                .version = options.version,
                                                                .commit = options.commit,
                                                                .observer = std::move(observer),
                                                                .authenticator = options.authenticator,
                                                                .caller_metadata = options.caller_metadata},
                                             clock)),
      ground_service_(std::make_unique<GroundService>(*reception_, options.max_stream_age, pipeline, clock)),
      oip_service_(std::make_unique<OipService>(*reception_, pipeline, clock)),
      health_service_(std::make_unique<HealthService>()),
      tls_(options.tls ? std::make_shared<TlsCredentials>(*options.tls) : nullptr) {
  // libprotobuf would write a line for every request that it cannot parse.
  google::protobuf::SetLogHandler(nullptr);
  if (options.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  grpc::ServerBuilder builder;
  if (!options.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  SetTransportLimits(options, builder);
  const std::shared_ptr<grpc::ServerCredentials> plaintext = tls_ ? nullptr : grpc::InsecureServerCredentials();
  builder.AddListeningPort(options.address, tls_ ? tls_ : plaintext, &port_);
  builder.RegisterService(health_service_.get());
  builder.RegisterService(ground_service_.get());
  builder.RegisterService(oip_service_.get());
  server_ = builder.BuildAndStart();
}

Server::~Server() { Shutdown(clock_.Now()); }

void Server::ReplaceTlsIdentity(TlsIdentity identity) { tls_->Replace(std::move(identity)); }

void Server::SetModel(const ModelInfo& info) { reception_->SetModel(info); }

int Server::health_port() const { return health_endpoint_ ? health_endpoint_->port() : 0; }

void Server::SetReady(bool ready) {
  health_service_->SetReady(ready);
  oip_service_->SetReady(ready);
  if (health_endpoint_) health_endpoint_->service().SetReady(ready);
}

void Server::SetLive(bool live) {
  health_service_->SetLive(live);
  oip_service_->SetLive(live);
  if (health_endpoint_) health_endpoint_->service().SetLive(live);
}

void Server::BeginDrain() { ground_service_->BeginDrain(); }

void Server::AwaitAnswersSent(TimePoint deadline) {
  health_service_->Shutdown();
  if (health_endpoint_) health_endpoint_->service().Shutdown();
  reception_->AwaitAnswersSent(deadline);
  health_service_->AwaitWatchesEnded(clock_, deadline);
  if (health_endpoint_) health_endpoint_->service().AwaitWatchesEnded(clock_, deadline);
}

void Server::Shutdown(TimePoint deadline) {
  if (server_ == nullptr || std::exchange(shut_down_, true)) return;
  // First, because a watch or a stream never ends by itself and would hold the server until the deadline.
  health_service_->Shutdown();
  ground_service_->BeginDrain();
  // What is left then is cancelled by the library, and each reaction to that finishes its call.
  const Duration left = std::clamp<Duration>(deadline - clock_.Now(), Duration::zero(), std::chrono::hours(24));
  server_->Shutdown(std::chrono::system_clock::now() +
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(left));
  server_->Wait();
  // Last: until here it tells that the process is alive, and not ready.
  health_endpoint_.reset();
}

}  // namespace lqvg::serving
