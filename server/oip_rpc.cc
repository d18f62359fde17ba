#include "server/oip_rpc.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/joint_call.h"
#include "server/mutex.h"
#include "server/oip_wire.h"
#include "server/oip_wire_answer.h"
#include "server/rpc.h"
#include "server/unary_rpc.h"
#include "server/wire.h"
#include "server/wire_status.h"

namespace lqvg::serving {
namespace {

// Of several parts, each stage took as long as in the slowest of them; of a call that failed, it is the part that did.
void RecordParts(const JointOutcome& outcome, FinishedCall& record) {
  constexpr Duration StageTimes::*kStages[] = {&StageTimes::parse,   &StageTimes::pool_queue,  &StageTimes::decode,
                                               &StageTimes::prepare, &StageTimes::batch_queue, &StageTimes::model};
  std::span<const CallOutcome> parts = outcome.parts;
  if (outcome.failed) parts = parts.subspan(*outcome.failed, 1);
  record.slack = parts.front().slack;
  for (const CallOutcome& part : parts) {
    for (const auto stage : kStages) record.times.*stage = std::max(record.times.*stage, part.times.*stage);
    record.slack = std::min(record.slack, part.slack);
    if (!part.answer.ok()) continue;
    record.expressions += static_cast<int>(part.answer->results.size());
    record.batch_images = std::max(record.batch_images, part.answer->batch_images);
    record.batch_expressions = std::max(record.batch_expressions, part.answer->batch_expressions);
  }
  if (outcome.failed) return;
  record.image_width = parts.front().answer->image_width;
  record.image_height = parts.front().answer->image_height;
}

// One ModelInfer RPC.
class InferRpc final : public UnaryRpc<JointCall::Request, JointCall, JointOutcome>,
                       public std::enable_shared_from_this<InferRpc> {
 public:
  using UnaryRpc::UnaryRpc;

 private:
  std::shared_ptr<JointCall> StartCall(Pipeline& pipeline, JointCall::Request request,
                                       const grpc::ByteBuffer& bytes) override {
    request.parse = [self = shared_from_this(), id = request_id(), bytes = grpc::ByteBuffer(bytes)]() mutable {
      return self->Parse(bytes, id);
    };
    return JointCall::Start(pipeline, std::move(request));
  }

  // On a pool thread, possibly while or after Respond.
  absl::StatusOr<std::vector<GroundQuery>> Parse(grpc::ByteBuffer& bytes, std::string_view request_id) {
    if (!bytes.Valid()) return CameWithoutRequest();
    absl::StatusOr<InferQuery> infer = ParseModelInferRequest(bytes, service().limits, *service().model, request_id);
    if (!infer.ok()) return infer.status();
    for (GroundQuery& query : infer->queries) {
      query.client = service().caller.client;
      if (infer->timeout) query.deadline = begun() + *infer->timeout;
    }
    auto layout = std::make_shared<const InferLayout>(std::move(infer->layout));
    MutexLock lock(&mutex_);
    layout_ = std::move(layout);
    return std::move(infer->queries);
  }

  absl::Status Respond(const JointOutcome& outcome, grpc::ByteBuffer& response, FinishedCall& record) override {
    record.total = clock().Now() - begun();
    RecordParts(outcome, record);
    const std::shared_ptr<const InferLayout> layout = LayoutIfRead();
    const absl::Status& status = outcome.parts[outcome.failed.value_or(0)].answer.status();
    // A request that was rejected while it was read has told its id in the rejection alone.
    std::string own_id = layout != nullptr ? layout->request_id : RequestIdOf(status);
    if (!own_id.empty()) record.request_id = std::move(own_id);
    if (outcome.failed) return layout != nullptr ? InTermsOfInfer(status, *layout, *outcome.failed) : status;
    response = ToByteBuffer(ToModelInferResponse(outcome.parts, *layout, *service().model));
    return absl::OkStatus();
  }

  std::shared_ptr<const InferLayout> LayoutIfRead() {
    MutexLock lock(&mutex_);
    return layout_;
  }

  Mutex mutex_;
  std::shared_ptr<const InferLayout> layout_ ABSL_GUARDED_BY(mutex_);  // null until the request is read
};

}  // namespace

grpc::ServerUnaryReactor* BeginModelInfer(Reception& reception, Pipeline& pipeline, const Clock& clock,
                                          grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) {
  return BeginUnaryRpc<InferRpc>("ModelInfer", reception, pipeline, clock, context, request, response);
}

}  // namespace lqvg::serving
