#include "server/ground_service.h"

#include <atomic>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "image/rejection.h"
#include "server/caller.h"
#include "server/rpc.h"
#include "server/wire.h"
#include "server/wire_answer.h"
#include "server/wire_status.h"

namespace lqvg::serving {
namespace {

// One Ground RPC. Shared by the library (until OnDone) and by the pipeline's call (until that is answered).
class GroundReactor final : public grpc::ServerUnaryReactor {
 public:
  // Starts the RPC's call. Never throws.
  static grpc::ServerUnaryReactor* Begin(const std::shared_ptr<GroundReactor>& reactor, Pipeline& pipeline,
                                         const Clock& clock, const grpc::ByteBuffer& bytes) {
    reactor->self_ = reactor;
    try {
      reactor->StartCall(pipeline, clock, bytes);
    } catch (...) {
      if (!reactor->finished_.exchange(true)) reactor->Finish(OutOfMemory());
    }
    return reactor.get();
  }

  GroundReactor(RpcContext service, FinishedCall record, grpc::CallbackServerContext* context,
                grpc::ByteBuffer* response)
      : service_(std::move(service)), context_(context), response_(response), record_(std::move(record)) {}

  // Not before Begin has returned, and not after OnDone: the library sees to both.
  void OnCancel() override {
    if (call_ != nullptr) call_->Cancel();
  }

  void OnDone() override {
    const std::shared_ptr<GroundReactor> self = std::move(self_);
    call_.reset();
    service_.open.reset();  // the pipeline may hold this object a little longer than the service lives
  }

  // Without this the library wakes a thread of its own for OnDone, at the end of every RPC: a sixth of what a refused
  // one costs. The reactions qualify, as they neither block nor take long. Not promised by gRPC's documentation; should
  // a later version drop it, `override` says so.
  bool InternalInlineable() override { return true; }

 private:
  void StartCall(Pipeline& pipeline, const Clock& clock, const grpc::ByteBuffer& bytes) {
    CallRequest request;
    request.bytes = bytes.Length();
    request.caller = service_.caller.key;
    if (const std::optional<Duration> left = TimeLeft(context_->raw_deadline())) request.deadline = clock.Now() + *left;
    request.parse = [bytes, model = service_.model, limits = service_.limits, request_id = record_.request_id,
                     client = service_.caller.client]() -> absl::StatusOr<GroundQuery> {
      if (!bytes.Valid()) return CameWithoutRequest();
      absl::StatusOr<GroundQuery> query = ParseGroundRequest(bytes, limits, *model, request_id);
      if (query.ok()) query->client = client;
      return query;
    };
    request.done = [self = self_, &clock](const CallOutcome& outcome) { self->Answer(outcome, clock); };
    call_ = pipeline.Start(std::move(request));
  }

  void Answer(const CallOutcome& outcome, const Clock& clock) {
    if (finished_.exchange(true)) return;
    grpc::Status status;
    try {
      status = Report(outcome, clock);
    } catch (...) {
      status = OutOfMemory();
    }
    Finish(status);
  }

  grpc::Status Report(const CallOutcome& outcome, const Clock& clock) {
    const TimePoint begun = clock.Now();
    grpc::Status status = Conclude(Fill(outcome), record_, *context_);
    record_.times = outcome.times;
    record_.respond = clock.Now() - begun;
    record_.total = outcome.total + record_.respond;
    record_.slack = outcome.slack - record_.respond;
    if (*service_.observer) (*service_.observer)(record_);
    return status;
  }

  // Writes the response, if there is one, and what the record says of it.
  absl::Status Fill(const CallOutcome& outcome) {
    // A call that was rejected while it was parsed has told its id in the rejection alone.
    std::string own_id = outcome.request_id.empty() ? RequestIdOf(outcome.answer.status()) : outcome.request_id;
    if (!own_id.empty()) record_.request_id = std::move(own_id);
    if (!outcome.answer.ok()) return outcome.answer.status();

    *response_ = ToByteBuffer(ToGroundResponse(outcome, *service_.model, record_.request_id));
    RecordAnswer(*outcome.answer, record_);
    return absl::OkStatus();
  }

  RpcContext service_;
  grpc::CallbackServerContext* const context_;  // the library's, valid until OnDone
  grpc::ByteBuffer* const response_;            // likewise
  FinishedCall record_;                         // completed by Answer
  std::atomic<bool> finished_ = false;          // a second Finish would end the process
  std::shared_ptr<GroundReactor> self_;         // until OnDone
  std::shared_ptr<Call> call_;
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
  const TimePoint begun = clock_.Now();
  const grpc::ByteBuffer bytes = TakeBytes(request);
  grpc::Status refusal;
  try {
    FinishedCall record = BeginRecord("Ground", *context);
    absl::StatusOr<Caller> caller = reception_.Identify(*context, record);
    if (caller.ok()) {
      return GroundReactor::Begin(
          std::make_shared<GroundReactor>(reception_.Open(*std::move(caller)), std::move(record), context, response),
          pipeline_, clock_, bytes);
    }
    refusal = reception_.Close(caller.status(), record, begun, *context);
  } catch (...) {
    refusal = OutOfMemory();
  }
  return FinishAtOnce(*context, refusal);
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
