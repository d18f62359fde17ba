// inference.GRPCInferenceService, the Open Inference Protocol v2: one ModelInfer in, one call of the pipeline for each
// different picture in it.
//
// Owned by the server and used by the library's threads. A reaction never blocks, parses a picture or computes. Methods
// are raw, as GroundService's are. What serves other models than ours (RepositoryModelLoad and RepositoryModelUnload)
// is UNIMPLEMENTED; so is what only Triton's edition of the protocol has, such as ModelConfig and ModelStatistics.
#pragma once

#include <atomic>

#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "inference/grpc_predict_v2.grpc.pb.h"
#include "server/clock.h"
#include "server/pipeline.h"
#include "server/reception.h"

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
  // All of them outlive the service.
  OipService(Reception& reception, Pipeline& pipeline, const Clock& clock);
  ~OipService() override;

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
  absl::StatusOr<grpc::ByteBuffer> DescribeServer(const grpc::ByteBuffer& request) const;
  absl::StatusOr<grpc::ByteBuffer> DescribeModel(const grpc::ByteBuffer& request) const;

  Reception& reception_;
  Pipeline& pipeline_;
  const Clock& clock_;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> live_ = true;
};

}  // namespace lqvg::serving
