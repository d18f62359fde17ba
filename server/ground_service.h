// lqvg.v1.GroundingService: RPCs in, calls of the pipeline out.
//
// Owned by the server and used by the library's threads. A reaction notes the time, starts a call and returns; it never
// blocks, parses a picture or computes. Methods are raw: the library would answer UNIMPLEMENTED, without a word, to
// bytes that it cannot parse.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "lqvg/v1/grounding.grpc.pb.h"
#include "model/grounder.h"
#include "server/authenticator.h"
#include "server/caller.h"
#include "server/clock.h"
#include "server/finished_call.h"
#include "server/ground_stream.h"
#include "server/mutex.h"
#include "server/open_rpcs.h"
#include "server/pipeline.h"
#include "server/request_limits.h"

namespace lqvg::serving {

class GroundService final
    : public v1::GroundingService::WithRawCallbackMethod_Ground<
          v1::GroundingService::WithRawCallbackMethod_GroundStream<
              v1::GroundingService::WithRawCallbackMethod_GetModel<v1::GroundingService::Service>>> {
 public:
  struct Options {
    RequestLimits limits;
    std::string version;                           // of this program
    std::string commit;                            // that it was built from; may be empty
    CallObserver observer;                         // may be empty
    const Authenticator* authenticator = nullptr;  // outlives the service; null: everybody may call
    std::string caller_metadata;                   // see IdentifyCaller; may be empty
    Duration max_stream_age;                       // until a GroundStream is ended with STREAM_AGED
  };

  // `pipeline` and `clock` outlive the service.
  GroundService(Options options, Pipeline& pipeline, const Clock& clock);
  ~GroundService() override;

  // Ends every GroundStream, now and from now on, once what it has read is answered. The pipeline refuses other calls.
  void BeginDrain() { streams_.BeginDrain(); }
  // Blocks until the answer to every Ground RPC that has begun by now is sent and every such GroundStream has ended, or
  // until `deadline`.
  void AwaitAnswersSent(TimePoint deadline) { open_rpcs_.AwaitDone(clock_, deadline); }

  // What GetModel answers, and whose limits requests are checked against. To be called before the pipeline is opened;
  // until then GetModel is UNAVAILABLE, MODEL_LOADING.
  void SetModel(const ModelInfo& info);

  // Every method first asks who calls, before it looks at the bytes: UNAUTHENTICATED, PERMISSION_DENIED.

  // Answers as GroundRequest and the table of errors say. The caller's cancellation and deadline end the call.
  grpc::ServerUnaryReactor* Ground(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  // Answers each item as GroundStreamResponse says: see GroundStreams.
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* GroundStream(
      grpc::CallbackServerContext* context) override;
  // Never queued, so it is answered under any load. MALFORMED_REQUEST, MODEL_LOADING.
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                     grpc::ByteBuffer* response) override;

 private:
  std::shared_ptr<const ModelInfo> model() const;
  absl::StatusOr<grpc::ByteBuffer> DescribeModel(const grpc::ByteBuffer& request) const;
  // Who calls; noted in the record.
  absl::StatusOr<Caller> Identify(const grpc::CallbackServerContext& context, FinishedCall& record) const;
  // How an RPC ends that is no call of the pipeline: completes its record and tells the observer.
  grpc::Status Close(const absl::Status& status, FinishedCall& record, TimePoint begun,
                     grpc::CallbackServerContext& context) const;

  const Options options_;
  Pipeline& pipeline_;
  const Clock& clock_;
  OpenRpcs open_rpcs_;
  GroundStreams streams_;
  mutable Mutex mutex_;
  std::shared_ptr<const ModelInfo> model_ ABSL_GUARDED_BY(mutex_);  // never null; without digest: not loaded
};

}  // namespace lqvg::serving
