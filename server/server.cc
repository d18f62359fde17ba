#include "server/server.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/support/log.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/impl/server_builder_option.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/ground_service.h"
#include "server/health_service.h"
#include "server/mutex.h"
#include "server/tls_credentials.h"

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

// The reflection library adds its service to every server of a process that it is linked into. This takes it out.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

constexpr int kReflectionThreads = 16;

int Milliseconds(Duration duration) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

void SetConnectionArguments(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, options.max_metadata_bytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Milliseconds(options.max_connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, Milliseconds(options.max_connection_age_grace));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(options.max_connection_idle));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(options.handshake_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             Milliseconds(options.min_ping_interval));
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 2);
}

void SetLimits(const ServerOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.limits.max_request_bytes));
  grpc::ResourceQuota quota("lqvg");
  quota.Resize(options.memory_quota_bytes);
  // Reflection alone takes any, which the library serves with a thread for each open stream.
  quota.SetMaxThreads(kReflectionThreads);
  builder.SetResourceQuota(quota);
  // The library inflates a message before it checks its size: a megabyte may become a gigabyte. Pictures are
  // compressed.
  builder.SetDefaultCompressionAlgorithm(GRPC_COMPRESS_NONE);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
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
  return server;
}

Server::Server(const ServerOptions& options, Pipeline& pipeline, const Clock& clock, CallObserver observer)
    : clock_(clock),
      ground_service_(std::make_unique<GroundService>(GroundService::Options{.limits = options.limits,
                                                                             .version = options.version,
                                                                             .commit = options.commit,
                                                                             .observer = std::move(observer),
                                                                             .authenticator = options.authenticator},
                                                      pipeline, clock)),
      health_service_(std::make_unique<HealthService>()),
      tls_(options.tls ? std::make_shared<TlsCredentials>(*options.tls) : nullptr) {
  // libprotobuf would write a line for every request that it cannot parse.
  google::protobuf::SetLogHandler(nullptr);
  if (options.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  grpc::ServerBuilder builder;
  if (!options.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  SetConnectionArguments(options, builder);
  SetLimits(options, builder);
  // Otherwise a second server would quietly share the port with the first.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  const std::shared_ptr<grpc::ServerCredentials> plaintext = tls_ ? nullptr : grpc::InsecureServerCredentials();
  builder.AddListeningPort(options.address, tls_ ? tls_ : plaintext, &port_);
  builder.RegisterService(health_service_.get());
  builder.RegisterService(ground_service_.get());
  server_ = builder.BuildAndStart();
}

Server::~Server() { Shutdown(clock_.Now()); }

void Server::ReplaceTlsIdentity(TlsIdentity identity) { tls_->Replace(std::move(identity)); }

void Server::SetModel(const ModelInfo& info) { ground_service_->SetModel(info); }

void Server::SetReady(bool ready) { health_service_->SetReady(ready); }

void Server::SetLive(bool live) { health_service_->SetLive(live); }

void Server::Shutdown(TimePoint deadline) {
  if (server_ == nullptr || std::exchange(shut_down_, true)) return;
  // First, because a watch never ends by itself and would hold the server until the deadline.
  health_service_->Shutdown();
  // What is left then is cancelled by the library, and each reaction to that finishes its call.
  const Duration left = std::clamp<Duration>(deadline - clock_.Now(), Duration::zero(), std::chrono::hours(24));
  server_->Shutdown(std::chrono::system_clock::now() +
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(left));
  server_->Wait();
}

}  // namespace lqvg::serving
