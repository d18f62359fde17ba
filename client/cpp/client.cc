#include "client/cpp/client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cpp/call_error.h"
#include "client/cpp/channel.h"
#include "client/cpp/retained.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "lqvg/v1/grounding.grpc.pb.h"

namespace lqvg::client {
namespace {

constexpr char kRequestIdTrailer[] = "x-request-id";

void SetDeadline(absl::Duration timeout, grpc::ClientContext* context) {
  if (timeout == absl::InfiniteDuration()) return;
  context->set_deadline(std::chrono::system_clock::now() + absl::ToChronoMicroseconds(timeout));
}

// What every call says beside its message.
void Prepare(const ClientOptions& options, absl::Duration timeout, grpc::ClientContext* context) {
  SetDeadline(timeout, context);
  if (!options.token.empty()) context->AddMetadata("authorization", Authorization(options));
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
  Retained retained;  // by the server of this channel
};

const char* Version() { return LQVG_VERSION; }

absl::StatusOr<std::unique_ptr<Client>> Client::Connect(const ClientOptions& options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  return std::unique_ptr<Client>(new Client(options, std::make_unique<Stubs>(MakeChannel(options))));
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
  const absl::Time give_up = absl::Now() + options_.deadline;
  if (const std::optional<v1::GroundRequest> by_digest = stubs_->retained.ByDigest(request)) {
    absl::StatusOr<v1::GroundResponse> response = Send(*by_digest, give_up);
    if (response.ok() || ErrorOf(response.status()).reason != "IMAGE_NOT_CACHED") return response;
    stubs_->retained.Forget(*by_digest);
  }
  absl::StatusOr<v1::GroundResponse> response = Send(request, give_up);
  if (response.ok()) stubs_->retained.Add(request, *response);
  return response;
}

absl::StatusOr<v1::GroundResponse> Client::Send(const v1::GroundRequest& request, absl::Time give_up) const {
  grpc::ClientContext context;
  Prepare(options_, give_up - absl::Now(), &context);
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
