#include "server/oip_rpc.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
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

// One ModelInfer RPC. Shared by the library (until OnDone) and by its joint call (until that is answered).
class InferReactor final : public grpc::ServerUnaryReactor {
 public:
  // Starts the RPC's call. Never throws.
  static grpc::ServerUnaryReactor* Begin(const std::shared_ptr<InferReactor>& reactor, Pipeline& pipeline,
                                         const Clock& clock, const grpc::ByteBuffer& bytes) {
    reactor->self_ = reactor;
    try {
      reactor->StartCall(pipeline, clock, bytes);
    } catch (...) {
      if (!reactor->finished_.exchange(true)) reactor->Finish(OutOfMemory());
    }
    return reactor.get();
  }

  InferReactor(RpcContext service, FinishedCall record, TimePoint begun, grpc::CallbackServerContext* context,
               grpc::ByteBuffer* response)
      : service_(std::move(service)),
        begun_(begun),
        context_(context),
        response_(response),
        record_(std::move(record)) {}

  // Not before Begin has returned, and not after OnDone: the library sees to both.
  void OnCancel() override {
    if (call_ != nullptr) call_->Cancel();
  }

  void OnDone() override {
    const std::shared_ptr<InferReactor> self = std::move(self_);
    call_.reset();
    service_.open.reset();  // the pipeline may hold this object a little longer than the service lives
  }

  // As GroundReactor's.
  bool InternalInlineable() override { return true; }

 private:
  void StartCall(Pipeline& pipeline, const Clock& clock, const grpc::ByteBuffer& bytes) {
    JointCall::Request request;
    request.bytes = bytes.Length();
    request.caller = service_.caller.key;
    if (const std::optional<Duration> left = TimeLeft(context_->raw_deadline())) request.deadline = clock.Now() + *left;
    request.parse = [self = self_, request_id = record_.request_id, bytes = grpc::ByteBuffer(bytes)]() mutable {
      return self->Parse(bytes, request_id);
    };
    request.done = [self = self_, &clock](const JointOutcome& outcome) { self->Answer(outcome, clock); };
    call_ = JointCall::Start(pipeline, std::move(request));
  }

  // On a pool thread, possibly while or after Answer.
  absl::StatusOr<std::vector<GroundQuery>> Parse(grpc::ByteBuffer& bytes, std::string_view request_id) {
    if (!bytes.Valid()) return CameWithoutRequest();
    absl::StatusOr<InferQuery> infer = ParseModelInferRequest(bytes, service_.limits, *service_.model, request_id);
    if (!infer.ok()) return infer.status();
    for (GroundQuery& query : infer->queries) {
      query.client = service_.caller.client;
      if (infer->timeout) query.deadline = begun_ + *infer->timeout;
    }
    auto layout = std::make_shared<const InferLayout>(std::move(infer->layout));
    MutexLock lock(&mutex_);
    layout_ = std::move(layout);
    return std::move(infer->queries);
  }

  void Answer(const JointOutcome& outcome, const Clock& clock) {
    if (finished_.exchange(true)) return;
    grpc::Status status;
    try {
      status = Report(outcome, clock);
    } catch (...) {
      status = OutOfMemory();
    }
    Finish(status);
  }

  grpc::Status Report(const JointOutcome& outcome, const Clock& clock) {
    const TimePoint begun = clock.Now();
    const absl::Status status = Fill(outcome);
    RecordParts(outcome, record_);
    grpc::Status answer = Conclude(status, record_, *context_);
    record_.respond = clock.Now() - begun;
    record_.total = begun - begun_ + record_.respond;
    record_.slack -= record_.respond;
    if (*service_.observer) (*service_.observer)(record_);
    return answer;
  }

  // Writes the response, if there is one.
  absl::Status Fill(const JointOutcome& outcome) {
    std::shared_ptr<const InferLayout> layout;
    {
      MutexLock lock(&mutex_);
      layout = layout_;
    }
    const absl::Status& status = outcome.parts[outcome.failed.value_or(0)].answer.status();
    // A request that was rejected while it was read has told its id in the rejection alone.
    std::string own_id = layout != nullptr ? layout->request_id : RequestIdOf(status);
    if (!own_id.empty()) record_.request_id = std::move(own_id);
    if (outcome.failed) return layout != nullptr ? InTermsOfInfer(status, *layout, *outcome.failed) : status;
    *response_ = ToByteBuffer(ToModelInferResponse(outcome.parts, *layout, *service_.model));
    return absl::OkStatus();
  }

  RpcContext service_;
  const TimePoint begun_;
  grpc::CallbackServerContext* const context_;  // the library's, valid until OnDone
  grpc::ByteBuffer* const response_;            // likewise
  FinishedCall record_;                         // completed by Answer
  std::atomic<bool> finished_ = false;          // a second Finish would end the process
  std::shared_ptr<InferReactor> self_;          // until OnDone
  std::shared_ptr<JointCall> call_;
  Mutex mutex_;
  std::shared_ptr<const InferLayout> layout_ ABSL_GUARDED_BY(mutex_);  // null until the request is read
};

}  // namespace

grpc::ServerUnaryReactor* BeginModelInfer(RpcContext service, FinishedCall record, TimePoint begun,
                                          grpc::CallbackServerContext* context, grpc::ByteBuffer* response,
                                          Pipeline& pipeline, const Clock& clock, const grpc::ByteBuffer& bytes) {
  return InferReactor::Begin(
      std::make_shared<InferReactor>(std::move(service), std::move(record), begun, context, response), pipeline, clock,
      bytes);
}

}  // namespace lqvg::serving
