#include "server/oip_service.h"

#include <memory>

#include "absl/status/status.h"
#include "server/oip_rpc.h"
#include "server/oip_wire.h"
#include "server/oip_wire_answer.h"
#include "server/wire.h"
#include "server/wire_status.h"

namespace lqvg::serving {
namespace {

constexpr char kServerName[] = "lqvg-server";

// The answer to a probe, which is in no metric.
grpc::ServerUnaryReactor* AnswerProbe(grpc::CallbackServerContext& context, const absl::Status& status,
                                      const google::protobuf::MessageLite& answer, grpc::ByteBuffer& response) {
  if (!status.ok()) return FinishAtOnce(context, ToRefusal(status, "").status);
  response = ToByteBuffer(answer);
  return FinishAtOnce(context, grpc::Status::OK);
}

}  // namespace

OipService::OipService(Reception& reception, Pipeline& pipeline, const Clock& clock)
    : reception_(reception), pipeline_(pipeline), clock_(clock) {}

OipService::~OipService() = default;

grpc::ServerUnaryReactor* OipService::ServerLive(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  inference::ServerLiveRequest question;
  inference::ServerLiveResponse answer;
  const absl::Status status = ParseSmallRequest(*request, "inference.ServerLiveRequest", question);
  answer.set_live(live_);
  return AnswerProbe(*context, status, answer, *response);
}

grpc::ServerUnaryReactor* OipService::ServerReady(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  inference::ServerReadyRequest question;
  inference::ServerReadyResponse answer;
  const absl::Status status = ParseSmallRequest(*request, "inference.ServerReadyRequest", question);
  answer.set_ready(ready_);
  return AnswerProbe(*context, status, answer, *response);
}

grpc::ServerUnaryReactor* OipService::ModelReady(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  inference::ModelReadyRequest question;
  inference::ModelReadyResponse answer;
  const absl::Status status = ParseSmallRequest(*request, "inference.ModelReadyRequest", question);
  // False and no more: who asks is not known, and an error would tell the model's name.
  answer.set_ready(ready_ &&
                   CheckServed(question.name(), question.version(), *reception_.model(), "name", "version").ok());
  return AnswerProbe(*context, status, answer, *response);
}

grpc::ServerUnaryReactor* OipService::ServerMetadata(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return reception_.Answer("ServerMetadata", *context, *response, [&] { return DescribeServer(*request); });
}

grpc::ServerUnaryReactor* OipService::ModelMetadata(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return reception_.Answer("ModelMetadata", *context, *response, [&] { return DescribeModel(*request); });
}

grpc::ServerUnaryReactor* OipService::ModelInfer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  return BeginModelInfer(reception_, pipeline_, clock_, context, request, response);
}

absl::StatusOr<grpc::ByteBuffer> OipService::DescribeServer(const grpc::ByteBuffer& request) const {
  inference::ServerMetadataRequest question;
  if (absl::Status status = ParseSmallRequest(request, "inference.ServerMetadataRequest", question); !status.ok()) {
    return status;
  }
  inference::ServerMetadataResponse answer;
  answer.set_name(kServerName);
  answer.set_version(reception_.options().version);
  return ToByteBuffer(answer);
}

absl::StatusOr<grpc::ByteBuffer> OipService::DescribeModel(const grpc::ByteBuffer& request) const {
  inference::ModelMetadataRequest question;
  if (absl::Status status = ParseSmallRequest(request, "inference.ModelMetadataRequest", question); !status.ok()) {
    return status;
  }
  const absl::StatusOr<std::shared_ptr<const ModelInfo>> info = reception_.LoadedModel();
  if (!info.ok()) return info.status();
  if (absl::Status status = CheckServed(question.name(), question.version(), **info, "name", "version"); !status.ok()) {
    return status;
  }
  return ToByteBuffer(ToModelMetadataResponse(**info));
}

}  // namespace lqvg::serving
