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

// What a Ground RPC needs from the service, which it may outlive.
struct GroundContext {
  const CallObserver* observer;  // of the service: used only while the RPC is not done
  std::shared_ptr<const ModelInfo> model;
  RequestLimits limits;
  Caller caller;
  OpenRpcs::Token open;
};

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

  GroundReactor(GroundContext service, FinishedCall record, grpc::CallbackServerContext* context,
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

  GroundContext service_;
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

GroundService::GroundService(Options options, Pipeline& pipeline, const Clock& clock)
    : options_(std::move(options)),
      pipeline_(pipeline),
      clock_(clock),
      streams_({.limits = options_.limits,
                .max_age = options_.max_stream_age,
                .observer = &options_.observer,
                .model = [this] { return model(); }},
               pipeline, clock),
      model_(std::make_shared<const ModelInfo>()) {}

GroundService::~GroundService() = default;

void GroundService::SetModel(const ModelInfo& info) {
  auto model = std::make_shared<const ModelInfo>(info);
  MutexLock lock(&mutex_);
  model_ = std::move(model);
}

std::shared_ptr<const ModelInfo> GroundService::model() const {
  MutexLock lock(&mutex_);
  return model_;
}

grpc::ServerUnaryReactor* GroundService::Ground(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  const TimePoint begun = clock_.Now();
  const grpc::ByteBuffer bytes = TakeBytes(request);
  grpc::Status refusal;
  try {
    FinishedCall record = BeginRecord("Ground", *context);
    absl::StatusOr<Caller> caller = Identify(*context, record);
    if (absl::Status status = caller.status(); status.ok()) {
      GroundContext service{.observer = &options_.observer,
                            .model = model(),
                            .limits = options_.limits,
                            .caller = *std::move(caller),
                            .open = open_rpcs_.Begin()};
      return GroundReactor::Begin(
          std::make_shared<GroundReactor>(std::move(service), std::move(record), context, response), pipeline_, clock_,
          bytes);
    } else {
      refusal = Close(status, record, begun, *context);
    }
  } catch (...) {
    refusal = OutOfMemory();
  }
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(refusal);
  return reactor;
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* GroundService::GroundStream(
    grpc::CallbackServerContext* context) {
  const TimePoint begun = clock_.Now();
  grpc::Status refusal;
  try {
    FinishedCall record = BeginRecord("GroundStream", *context);
    record.whole_stream = true;
    absl::StatusOr<Caller> caller = Identify(*context, record);
    if (caller.ok()) {
      return streams_.Begin(
          context,
          {.record = std::move(record), .begun = begun, .caller = *std::move(caller), .open = open_rpcs_.Begin()});
    }
    refusal = Close(caller.status(), record, begun, *context);
  } catch (...) {
    refusal = OutOfMemory();
  }
  return new RefusedStream(refusal);
}

grpc::ServerUnaryReactor* GroundService::GetModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  const TimePoint begun = clock_.Now();
  grpc::Status status;
  try {
    FinishedCall record = BeginRecord("GetModel", *context);
    absl::Status outcome = Identify(*context, record).status();
    if (outcome.ok()) {
      absl::StatusOr<grpc::ByteBuffer> answer = DescribeModel(*request);
      if (answer.ok()) response->Swap(&*answer);
      outcome = answer.status();
    }
    status = Close(outcome, record, begun, *context);
  } catch (...) {
    status = OutOfMemory();
  }
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

absl::StatusOr<grpc::ByteBuffer> GroundService::DescribeModel(const grpc::ByteBuffer& request) const {
  if (absl::Status status = ParseGetModelRequest(request); !status.ok()) return status;
  const std::shared_ptr<const ModelInfo> info = model();
  if (info->digest.empty()) {
    return Reject(absl::StatusCode::kUnavailable, "MODEL_LOADING", "the model is not ready yet");
  }
  v1::GetModelResponse response = ToGetModelResponse(*info, options_.limits);
  response.mutable_server()->set_version(options_.version);
  response.mutable_server()->set_commit(options_.commit);
  return ToByteBuffer(response);
}

absl::StatusOr<Caller> GroundService::Identify(const grpc::CallbackServerContext& context, FinishedCall& record) const {
  absl::StatusOr<Caller> caller = IdentifyCaller(context, options_.authenticator, options_.caller_metadata);
  if (caller.ok()) record.client = caller->client;
  return caller;
}

grpc::Status GroundService::Close(const absl::Status& status, FinishedCall& record, TimePoint begun,
                                  grpc::CallbackServerContext& context) const {
  grpc::Status answer = Conclude(status, record, context);
  record.total = clock_.Now() - begun;
  if (options_.observer) options_.observer(record);
  return answer;
}

}  // namespace lqvg::serving
