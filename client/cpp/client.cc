#include "client/cpp/client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cpp/call_error.h"
#include "client/cpp/service_config.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "lqvg/v1/grounding.grpc.pb.h"

namespace lqvg::client {
namespace {

constexpr char kRequestIdTrailer[] = "x-request-id";

bool IsLoopback(const std::string& target) {
  return absl::StartsWith(target, "127.") || absl::StartsWith(target, "localhost:") ||
         absl::StartsWith(target, "[::1]");
}

grpc::ChannelArguments MakeArguments(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetUserAgentPrefix(absl::StrCat("lqvg-cpp/", Version()));
  arguments.SetServiceConfigJSON(kServiceConfig);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, options.retry ? 1 : 0);
  // The default of 256 KiB would silently turn retries off for nearly every picture.
  arguments.SetInt(GRPC_ARG_PER_RPC_RETRY_BUFFER_SIZE, static_cast<int>(kMaxRequestBytes));
  arguments.SetMaxSendMessageSize(static_cast<int>(kMaxRequestBytes));
  arguments.SetMaxReceiveMessageSize(static_cast<int>(kMaxRequestBytes));
  // gRPC obeys http_proxy even for a server on this machine, which no proxy can reach.
  if (IsLoopback(options.target)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (options.tls && !options.tls->server_name.empty()) arguments.SetSslTargetNameOverride(options.tls->server_name);
  return arguments;
}

absl::Status Check(const ClientOptions& options) {
  if (options.target.empty()) return absl::InvalidArgumentError("the server's address is empty");
  if (options.deadline <= absl::ZeroDuration() || options.deadline == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the deadline is ", absl::FormatDuration(options.deadline), ", not positive and finite"));
  }
  if (options.tls && options.tls->certificate_chain.empty() != options.tls->private_key.empty()) {
    return absl::InvalidArgumentError("a client's certificate and its private key go together, and one is missing");
  }
  // gRPC would end the process over a header value that HTTP/2 does not allow.
  if (!std::all_of(options.token.begin(), options.token.end(),
                   [](unsigned char c) { return absl::ascii_isgraph(c); })) {
    return absl::InvalidArgumentError("the token has characters that are not printable ASCII");
  }
  if (!options.token.empty() && !options.tls && !IsLoopback(options.target)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the token would go to ", options.target, " in plaintext, for everybody on the way to read"));
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const std::optional<TlsOptions>& tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = tls->root_certificates,
                               .pem_private_key = tls->private_key,
                               .pem_cert_chain = tls->certificate_chain});
}

void SetDeadline(absl::Duration timeout, grpc::ClientContext* context) {
  if (timeout == absl::InfiniteDuration()) return;
  context->set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout));
}

// What every call says beside its message.
void Prepare(const ClientOptions& options, absl::Duration timeout, grpc::ClientContext* context) {
  SetDeadline(timeout, context);
  if (!options.token.empty()) context->AddMetadata("authorization", absl::StrCat("Bearer ", options.token));
}

absl::Status ToStatus(const grpc::Status& status, const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto id = trailers.find(kRequestIdTrailer);
  return MakeCallStatus(status.error_code(), status.error_message(), status.error_details(),
                        id == trailers.end() ? "" : std::string(id->second.data(), id->second.size()));
}

}  // namespace

struct Client::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel) : grounding(channel), health(channel) {}

  v1::GroundingService::Stub grounding;
  grpc::health::v1::Health::Stub health;
};

const char* Version() { return LQVG_VERSION; }

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options) {
  if (absl::Status status = Check(options); !status.ok()) return status;
  const auto channel = grpc::CreateCustomChannel(options.target, MakeCredentials(options.tls), MakeArguments(options));
  return std::unique_ptr<Client>(new Client(options, std::make_unique<Stubs>(channel)));
}

Client::Client(const ClientOptions& options, std::unique_ptr<Stubs> stubs)
    : options_(options), stubs_(std::move(stubs)) {}

Client::~Client() = default;

absl::StatusOr<v1::GroundResponse> Client::Ground(const v1::GroundRequest& request) const {
  // Beyond 2 GiB protobuf cannot serialise at all and gRPC would call it INTERNAL.
  if (const std::size_t bytes = request.ByteSizeLong(); bytes > kMaxRequestBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the request has ", bytes, " bytes; no server takes more than ", kMaxRequestBytes));
  }
  grpc::ClientContext context;
  Prepare(options_, options_.deadline, &context);
  v1::GroundResponse response;
  const grpc::Status status = stubs_->grounding.Ground(&context, request, &response);
  if (!status.ok()) return ToStatus(status, context);
  return response;
}

absl::StatusOr<v1::GetModelResponse> Client::GetModel() const {
  grpc::ClientContext context;
  Prepare(options_, options_.deadline, &context);
  v1::GetModelResponse response;
  const grpc::Status status = stubs_->grounding.GetModel(&context, {}, &response);
  if (!status.ok()) return ToStatus(status, context);
  return response;
}

absl::StatusOr<Client::ServingStatus> Client::CheckHealth(const std::string& service) const {
  grpc::ClientContext context;
  Prepare(options_, options_.deadline, &context);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status = stubs_->health.Check(&context, request, &response);
  if (!status.ok()) return ToStatus(status, context);
  return response.status();
}

absl::Status Client::WatchHealth(const std::string& service, absl::Duration timeout,
                                 const std::function<void(ServingStatus)>& on_change) const {
  grpc::ClientContext context;
  Prepare(options_, timeout, &context);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  const auto stream = stubs_->health.Watch(&context, request);
  grpc::health::v1::HealthCheckResponse response;
  while (stream->Read(&response)) on_change(response.status());
  const grpc::Status status = stream->Finish();
  return status.ok() ? absl::UnavailableError("the server ended the watch") : ToStatus(status, context);
}

}  // namespace lqvg::client
