#include "server/oip_service.h"

#include <utility>

#include "absl/status/status.h"
#include "image/rejection.h"
#include "server/oip_rpc.h"
#include "server/oip_wire.h"
#include "server/oip_wire_answer.h"
#include "server/rpc.h"
#include "server/wire.h"
#include "server/wire_status.h"

namespace lqvg::serving {
namespace {

constexpr char kServerName[] = "lqvg-server";

// A request and its answer, at once. Never throws.
grpc::ServerUnaryReactor* FinishWith(grpc::CallbackServerContext& context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

// The answer to a probe, which is in no metric.
grpc::ServerUnaryReactor* AnswerProbe(grpc::CallbackServerContext& context, const absl::Status& status,
                                      const google::protobuf::MessageLite& answer, grpc::ByteBuffer& response) {
  if (!status.ok()) return FinishWith(context, ToRefusal(status, "").status);
  response = ToByteBuffer(answer);
  return FinishWith(context, grpc::Status::OK);
}

}  // namespace

OipService::OipService(Options options, Pipeline& pipeline, const Clock& clock)
    : options_(std::move(options)), pipeline_(pipeline), clock_(clock), model_(std::make_shared<const ModelInfo>()) {}

OipService::~OipService() = default;

void OipService::SetModel(const ModelInfo& info) {
  auto model = std::make_shared<const ModelInfo>(info);
  MutexLock lock(&mutex_);
  model_ = std::move(model);
}

std::shared_ptr<const ModelInfo> OipService::model() const {
  MutexLock lock(&mutex_);
  return model_;
}

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
  answer.set_ready(ready_ && CheckServed(question.name(), question.version(), *model(), "name", "version").ok());
  return AnswerProbe(*context, status, answer, *response);
}

grpc::ServerUnaryReactor* OipService::ServerMetadata(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return AnswerKnown("ServerMetadata", &OipService::DescribeServer, *context, *request, *response);
}

grpc::ServerUnaryReactor* OipService::ModelMetadata(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return AnswerKnown("ModelMetadata", &OipService::DescribeModel, *context, *request, *response);
}

grpc::ServerUnaryReactor* OipService::ModelInfer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                 grpc::ByteBuffer* response) {
  const TimePoint begun = clock_.Now();
  const grpc::ByteBuffer bytes = TakeBytes(request);
  grpc::Status refusal;
  try {
    FinishedCall record = BeginRecord("ModelInfer", *context);
    absl::StatusOr<Caller> caller = Identify(*context, record);
    if (caller.ok()) {
      InferContext service{.observer = &options_.observer,
                           .model = model(),
                           .limits = options_.limits,
                           .caller = *std::move(caller),
                           .open = open_rpcs_.Begin()};
      return BeginModelInfer(std::move(service), std::move(record), begun, context, response, pipeline_, clock_, bytes);
    }
    refusal = Close(caller.status(), record, begun, *context);
  } catch (...) {
    refusal = OutOfMemory();
  }
  return FinishWith(*context, refusal);
}

grpc::ServerUnaryReactor* OipService::AnswerKnown(const char* method, Describe describe,
                                                  grpc::CallbackServerContext& context, const grpc::ByteBuffer& request,
                                                  grpc::ByteBuffer& response) const {
  const TimePoint begun = clock_.Now();
  grpc::Status status;
  try {
    FinishedCall record = BeginRecord(method, context);
    absl::Status outcome = Identify(context, record).status();
    if (outcome.ok()) {
      absl::StatusOr<grpc::ByteBuffer> answer = (this->*describe)(request);
      if (answer.ok()) response.Swap(&*answer);
      outcome = answer.status();
    }
    status = Close(outcome, record, begun, context);
  } catch (...) {
    status = OutOfMemory();
  }
  return FinishWith(context, status);
}

absl::StatusOr<grpc::ByteBuffer> OipService::DescribeServer(const grpc::ByteBuffer& request) const {
  inference::ServerMetadataRequest question;
  if (absl::Status status = ParseSmallRequest(request, "inference.ServerMetadataRequest", question); !status.ok()) {
    return status;
  }
  inference::ServerMetadataResponse answer;
  answer.set_name(kServerName);
  answer.set_version(options_.version);
  return ToByteBuffer(answer);
}

absl::StatusOr<grpc::ByteBuffer> OipService::DescribeModel(const grpc::ByteBuffer& request) const {
  inference::ModelMetadataRequest question;
  if (absl::Status status = ParseSmallRequest(request, "inference.ModelMetadataRequest", question); !status.ok()) {
    return status;
  }
  const std::shared_ptr<const ModelInfo> info = model();
  if (info->digest.empty()) {
    return Reject(absl::StatusCode::kUnavailable, "MODEL_LOADING", "the model is not ready yet");
  }
  if (absl::Status status = CheckServed(question.name(), question.version(), *info, "name", "version"); !status.ok()) {
    return status;
  }
  return ToByteBuffer(ToModelMetadataResponse(*info));
}

absl::StatusOr<Caller> OipService::Identify(const grpc::CallbackServerContext& context, FinishedCall& record) const {
  absl::StatusOr<Caller> caller = IdentifyCaller(context, options_.authenticator, options_.caller_metadata);
  if (caller.ok()) record.client = caller->client;
  return caller;
}

grpc::Status OipService::Close(const absl::Status& status, FinishedCall& record, TimePoint begun,
                               grpc::CallbackServerContext& context) const {
  grpc::Status answer = Conclude(status, record, context);
  record.total = clock_.Now() - begun;
  if (options_.observer) options_.observer(record);
  return answer;
}

}  // namespace lqvg::serving
