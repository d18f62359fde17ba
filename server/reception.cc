#include "server/reception.h"

#include <utility>

#include "image/rejection.h"
#include "server/rpc.h"

namespace lqvg::serving {

Reception::Reception(Options options, const Clock& clock)
    : options_(std::move(options)), clock_(clock), model_(std::make_shared<const ModelInfo>()) {}

void Reception::SetModel(const ModelInfo& info) {
  auto model = std::make_shared<const ModelInfo>(info);
  MutexLock lock(&mutex_);
  model_ = std::move(model);
}

std::shared_ptr<const ModelInfo> Reception::model() const {
  MutexLock lock(&mutex_);
  return model_;
}

absl::StatusOr<std::shared_ptr<const ModelInfo>> Reception::LoadedModel() const {
  std::shared_ptr<const ModelInfo> info = model();
  if (info->digest.empty()) {
    return Reject(absl::StatusCode::kUnavailable, "MODEL_LOADING", "the model is not ready yet");
  }
  return info;
}

absl::StatusOr<Caller> Reception::Identify(const grpc::CallbackServerContext& context, FinishedCall& record) const {
  absl::StatusOr<Caller> caller = IdentifyCaller(context, options_.authenticator, options_.caller_metadata);
  if (caller.ok()) record.client = caller->client;
  return caller;
}

RpcContext Reception::Open(Caller caller) {
  return {.observer = &options_.observer,
          .model = model(),
          .limits = options_.limits,
          .caller = std::move(caller),
          .open = open_rpcs_.Begin()};
}

grpc::Status Reception::Close(const absl::Status& status, FinishedCall& record, TimePoint begun,
                              grpc::CallbackServerContext& context) const {
  grpc::Status answer = Conclude(status, record, context);
  record.total = clock_.Now() - begun;
  if (options_.observer) options_.observer(record);
  return answer;
}

grpc::ServerUnaryReactor* Reception::Answer(const char* method, grpc::CallbackServerContext& context,
                                            grpc::ByteBuffer& response,
                                            absl::FunctionRef<absl::StatusOr<grpc::ByteBuffer>()> describe) const {
  const TimePoint begun = clock_.Now();
  grpc::Status status;
  try {
    FinishedCall record = BeginRecord(method, context);
    absl::Status outcome = Identify(context, record).status();
    if (outcome.ok()) {
      absl::StatusOr<grpc::ByteBuffer> answer = describe();
      if (answer.ok()) response.Swap(&*answer);
      outcome = answer.status();
    }
    status = Close(outcome, record, begun, context);
  } catch (...) {
    status = OutOfMemory();
  }
  return FinishAtOnce(context, status);
}

grpc::ServerUnaryReactor* FinishAtOnce(grpc::CallbackServerContext& context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace lqvg::serving
