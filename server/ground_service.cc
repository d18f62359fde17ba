#include "server/ground_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "image/rejection.h"
#include "server/caller.h"
#include "server/rpc.h"
#include "server/unary_rpc.h"
#include "server/wire.h"
#include "server/wire_answer.h"
#include "server/wire_status.h"

namespace lqvg::serving {
namespace {

// One Ground RPC.
class GroundRpc final : public UnaryRpc<CallRequest, Call, CallOutcome> {
 public:
  using UnaryRpc::UnaryRpc;

 private:
  std::shared_ptr<Call> StartCall(Pipeline& pipeline, CallRequest request, const grpc::ByteBuffer& bytes) override {
    request.parse = [bytes, model = service().model, limits = service().limits, request_id = request_id(),
                     client = service().caller.client]() -> absl::StatusOr<GroundQuery> {
      if (!bytes.Valid()) return CameWithoutRequest();
      absl::StatusOr<GroundQuery> query = ParseGroundRequest(bytes, limits, *model, request_id);
      if (query.ok()) query->client = client;
      return query;
    };
    return pipeline.Start(std::move(request));
  }

  absl::Status Respond(const CallOutcome& outcome, grpc::ByteBuffer& response, FinishedCall& record) override {
    record.times = outcome.times;
    record.total = outcome.total;
    record.slack = outcome.slack;
    // A call that was rejected while it was parsed has told its id in the rejection alone.
    std::string own_id = outcome.request_id.empty() ? RequestIdOf(outcome.answer.status()) : outcome.request_id;
    if (!own_id.empty()) record.request_id = std::move(own_id);
    if (!outcome.answer.ok()) return outcome.answer.status();

    response = ToByteBuffer(ToGroundResponse(outcome, *service().model, record.request_id));
    RecordAnswer(*outcome.answer, record);
    return absl::OkStatus();
  }
};

// A stream that is refused as a whole.
class RefusedStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

GroundService::GroundService(Reception& reception, Duration max_stream_age, Pipeline& pipeline, const Clock& clock)
    : reception_(reception),
      pipeline_(pipeline),
      clock_(clock),
      streams_({.limits = reception.options().limits,
                .max_age = max_stream_age,
                .observer = &reception.options().observer,
                .model = [&reception] { return reception.model(); }},
               pipeline, clock) {}

GroundService::~GroundService() = default;

grpc::ServerUnaryReactor* GroundService::Ground(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return BeginUnaryRpc<GroundRpc>("Ground", reception_, pipeline_, clock_, context, request, response);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* GroundService::GroundStream(
    grpc::CallbackServerContext* context) {
  const TimePoint begun = clock_.Now();
  grpc::Status refusal;
  try {
    FinishedCall record = BeginRecord("GroundStream", *context);
    record.whole_stream = true;
    absl::StatusOr<Caller> caller = reception_.Identify(*context, record);
    if (caller.ok()) {
      return streams_.Begin(
          context,
          {.record = std::move(record), .begun = begun, .caller = *std::move(caller), .open = reception_.OpenToken()});
    }
    refusal = reception_.Close(caller.status(), record, begun, *context);
  } catch (...) {
    refusal = OutOfMemory();
  }
  return new RefusedStream(refusal);
}

grpc::ServerUnaryReactor* GroundService::GetModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return reception_.Answer("GetModel", *context, *response, [&] { return DescribeModel(*request); });
}

absl::StatusOr<grpc::ByteBuffer> GroundService::DescribeModel(const grpc::ByteBuffer& request) const {
  if (absl::Status status = ParseGetModelRequest(request); !status.ok()) return status;
  const absl::StatusOr<std::shared_ptr<const ModelInfo>> info = reception_.LoadedModel();
  if (!info.ok()) return info.status();
  const Reception::Options& options = reception_.options();
  v1::GetModelResponse response = ToGetModelResponse(**info, options.limits);
  response.mutable_server()->set_version(options.version);
  response.mutable_server()->set_commit(options.commit);
  return ToByteBuffer(response);
}

}  // namespace lqvg::serving
