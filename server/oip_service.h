// inference.GRPCInferenceService, the Open Inference Protocol v2: one ModelInfer in, one call of the pipeline for each
// different picture in it.
//
// Owned by the server and used by the library's threads. A reaction never blocks, parses a picture or computes. Methods
// are raw, as GroundService's are. What serves other models than ours (RepositoryModelLoad and RepositoryModelUnload)
// is UNIMPLEMENTED; so is what only Triton's edition of the protocol has, such as ModelConfig and ModelStatistics.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "inference/grpc_predict_v2.grpc.pb.h"
#include "model/grounder.h"
#include "server/authenticator.h"
#include "server/caller.h"
#include "server/clock.h"
#include "server/finished_call.h"
#include "server/mutex.h"
#include "server/open_rpcs.h"
#include "server/pipeline.h"
#include "server/request_limits.h"

namespace lqvg::serving {

// Every method, so that the library needs no threads of its own for synchronous ones.
using RawInferenceService = inference::GRPCInferenceService::WithRawCallbackMethod_ServerLive<
    inference::GRPCInferenceService::WithRawCallbackMethod_ServerReady<
        inference::GRPCInferenceService::WithRawCallbackMethod_ModelReady<
            inference::GRPCInferenceService::WithRawCallbackMethod_ServerMetadata<
                inference::GRPCInferenceService::WithRawCallbackMethod_ModelMetadata<
                    inference::GRPCInferenceService::WithRawCallbackMethod_ModelInfer<
                        inference::GRPCInferenceService::WithRawCallbackMethod_RepositoryModelLoad<
                            inference::GRPCInferenceService::WithRawCallbackMethod_RepositoryModelUnload<
                                inference::GRPCInferenceService::Service>>>>>>>>;

class OipService final : public RawInferenceService {
 public:
  struct Options {
    RequestLimits limits;
    std::string version;                           // of this program
    CallObserver observer;                         // may be empty
    const Authenticator* authenticator = nullptr;  // outlives the service; null: everybody may call
    std::string caller_metadata;                   // see IdentifyCaller; may be empty
  };

  // `pipeline` and `clock` outlive the service.
  OipService(Options options, Pipeline& pipeline, const Clock& clock);
  ~OipService() override;

  // Blocks until the answer to every ModelInfer that has begun by now is sent, or until `deadline`.
  void AwaitAnswersSent(TimePoint deadline) { open_rpcs_.AwaitDone(clock_, deadline); }

  // The model that is asked about. To be called before the pipeline is opened; until then ModelMetadata is UNAVAILABLE,
  // MODEL_LOADING.
  void SetModel(const ModelInfo& info);
  // What ServerReady and ModelReady answer; false from the start.
  void SetReady(bool ready) { ready_ = ready; }
  // What ServerLive answers; true from the start.
  void SetLive(bool live) { live_ = live; }

  // These are for probes: open to everybody and in no metric, as health is. A model or a version that is not served is
  // not ready. MALFORMED_REQUEST.
  grpc::ServerUnaryReactor* ServerLive(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ServerReady(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ModelReady(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;

  // These first ask who calls, before they look at the bytes: UNAUTHENTICATED, PERMISSION_DENIED.

  // MALFORMED_REQUEST.
  grpc::ServerUnaryReactor* ServerMetadata(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  // MALFORMED_REQUEST, MODEL_LOADING, MODEL_NOT_FOUND.
  grpc::ServerUnaryReactor* ModelMetadata(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  // The best box and its score for each expression; fails as a whole, as Ground would for that picture, with the first
  // error of any expression. The caller's cancellation, its deadline and its parameter `timeout` end the call.
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;

 private:
  std::shared_ptr<const ModelInfo> model() const;
  absl::StatusOr<grpc::ByteBuffer> DescribeServer(const grpc::ByteBuffer& request) const;
  absl::StatusOr<grpc::ByteBuffer> DescribeModel(const grpc::ByteBuffer& request) const;
  // Answers at once what asks for credentials and is no call of the pipeline.
  using Describe = absl::StatusOr<grpc::ByteBuffer> (OipService::*)(const grpc::ByteBuffer& request) const;
  grpc::ServerUnaryReactor* AnswerKnown(const char* method, Describe describe, grpc::CallbackServerContext& context,
                                        const grpc::ByteBuffer& request, grpc::ByteBuffer& response) const;
  // Who calls; noted in the record.
  absl::StatusOr<Caller> Identify(const grpc::CallbackServerContext& context, FinishedCall& record) const;
  // How an RPC ends that is no call of the pipeline: completes its record and tells the observer.
  grpc::Status Close(const absl::Status& status, FinishedCall& record, TimePoint begun,
                     grpc::CallbackServerContext& context) const;

  const Options options_;
  Pipeline& pipeline_;
  const Clock& clock_;
  OpenRpcs open_rpcs_;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> live_ = true;
  mutable Mutex mutex_;
  std::shared_ptr<const ModelInfo> model_ ABSL_GUARDED_BY(mutex_);  // never null; without digest: not loaded
};

}  // namespace lqvg::serving
