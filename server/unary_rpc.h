// A unary RPC that becomes a call of the pipeline: how it begins, ends and is reported, whichever call it is. What the
// call is asked, and how its outcome is answered, is up to the class derived from UnaryRpc.
//
// Used by the library's threads, and by whichever thread ends the call. Never blocks.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "grpcpp/support/status.h"
#include "server/caller.h"
#include "server/clock.h"
#include "server/finished_call.h"
#include "server/pipeline.h"
#include "server/reception.h"
#include "server/rpc.h"
#include "server/wire.h"

namespace lqvg::serving {

// What an RPC is made of.
struct UnaryRpcParts {
  RpcContext service;
  FinishedCall record;  // as far as it is known
  TimePoint begun;
  grpc::CallbackServerContext* context;  // the library's, valid until OnDone
  grpc::ByteBuffer* response;            // likewise
};

// One RPC. Shared by the library (until OnDone) and by the call (until that is answered).
//
// `Request` is what the call is started with, CallRequest or one with the same members; `StartedCall` what comes of it
// and can Cancel; `Outcome` how it ended.
template <typename Request, typename StartedCall, typename Outcome>
class UnaryRpc : public grpc::ServerUnaryReactor {
 public:
  // `clock` outlives the RPC.
  UnaryRpc(UnaryRpcParts parts, const Clock& clock)
      : service_(std::move(parts.service)),
        begun_(parts.begun),
        clock_(clock),
        context_(parts.context),
        response_(parts.response),
        record_(std::move(parts.record)) {}

  // Starts the RPC's call. Never throws.
  static grpc::ServerUnaryReactor* Begin(const std::shared_ptr<UnaryRpc>& rpc, Pipeline& pipeline,
                                         const grpc::ByteBuffer& bytes) {
    rpc->self_ = rpc;
    try {
      rpc->call_ = rpc->StartCall(pipeline, rpc->RequestFor(bytes), bytes);
    } catch (...) {
      if (!rpc->finished_.exchange(true)) rpc->Finish(OutOfMemory());
    }
    return rpc.get();
  }

  // Not before Begin has returned, and not after OnDone: the library sees to both.
  void OnCancel() final {
    if (call_ != nullptr) call_->Cancel();
  }

  void OnDone() final {
    const std::shared_ptr<UnaryRpc> self = std::move(self_);
    call_.reset();
    service_.open.reset();  // the pipeline may hold this object a little longer than the service lives
  }

  // Without this the library wakes a thread of its own for OnDone, at the end of every RPC: a sixth of what a refused
  // one costs. The reactions qualify, as they neither block nor take long. Not promised by gRPC's documentation; should
  // a later version drop it, `override` says so.
  bool InternalInlineable() override { return true; }

 protected:
  const RpcContext& service() const { return service_; }
  TimePoint begun() const { return begun_; }
  const Clock& clock() const { return clock_; }
  // Until the call is answered.
  const std::string& request_id() const { return record_.request_id; }

 private:
  // Gives `request`, complete but for its parse, to the pipeline.
  virtual std::shared_ptr<StartedCall> StartCall(Pipeline& pipeline, Request request,
                                                 const grpc::ByteBuffer& bytes) = 0;
  // Writes the response, if there is one, and returns the RPC's status. Notes in the record the id, what was answered,
  // and times, total and slack as of the call's end. Once only, on any thread.
  virtual absl::Status Respond(const Outcome& outcome, grpc::ByteBuffer& response, FinishedCall& record) = 0;

  Request RequestFor(const grpc::ByteBuffer& bytes) {
    Request request;
    request.bytes = bytes.Length();
    request.caller = service_.caller.key;
    if (const std::optional<Duration> left = TimeLeft(context_->raw_deadline())) {
      request.deadline = clock_.Now() + *left;
    }
    request.done = [self = self_](const Outcome& outcome) { self->Answer(outcome); };
    return request;
  }

  void Answer(const Outcome& outcome) {
    if (finished_.exchange(true)) return;
    grpc::Status status;
    try {
      status = Report(outcome);
    } catch (...) {
      status = OutOfMemory();
    }
    Finish(status);
  }

  grpc::Status Report(const Outcome& outcome) {
    const TimePoint ended = clock_.Now();
    grpc::Status status = Conclude(Respond(outcome, *response_, record_), record_, *context_);
    record_.respond = clock_.Now() - ended;
    record_.total += record_.respond;
    record_.slack -= record_.respond;
    if (*service_.observer) (*service_.observer)(record_);
    return status;
  }

  RpcContext service_;
  const TimePoint begun_;
  const Clock& clock_;
  grpc::CallbackServerContext* const context_;
  grpc::ByteBuffer* const response_;
  FinishedCall record_;                 // completed by Answer
  std::atomic<bool> finished_ = false;  // a second Finish would end the process
  std::shared_ptr<UnaryRpc> self_;      // until OnDone
  std::shared_ptr<StartedCall> call_;
};

// Begins an RPC of `method`, a literal, as a `Rpc`, which is a UnaryRpc; or refuses it when its caller may not call:
// UNAUTHENTICATED, PERMISSION_DENIED. `request` is what a raw method is given. Never throws.
template <typename Rpc>
grpc::ServerUnaryReactor* BeginUnaryRpc(std::string_view method, Reception& reception, Pipeline& pipeline,
                                        const Clock& clock, grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  const TimePoint begun = clock.Now();
  const grpc::ByteBuffer bytes = TakeBytes(request);
  grpc::Status refusal;
  try {
    FinishedCall record = BeginRecord(method, *context);
    absl::StatusOr<Caller> caller = reception.Identify(*context, record);
    if (caller.ok()) {
      UnaryRpcParts parts = {reception.Open(*std::move(caller)), std::move(record), begun, context, response};
      return Rpc::Begin(std::make_shared<Rpc>(std::move(parts), clock), pipeline, bytes);
    }
    refusal = reception.Close(caller.status(), record, begun, *context);
  } catch (...) {
    refusal = OutOfMemory();
  }
  return FinishAtOnce(*context, refusal);
}

}  // namespace lqvg::serving
