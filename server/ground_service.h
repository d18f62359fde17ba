// lqvg.v1.GroundingService: RPCs in, calls of the pipeline out.
//
// Owned by the server and used by the library's threads. A reaction notes the time, starts a call, which may read a
// small request at once, and returns; it never blocks and decodes no picture. Methods are raw: the library would answer
// UNIMPLEMENTED, without a word, to bytes that it cannot parse.
#pragma once

#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "lqvg/v1/grounding.grpc.pb.h"
#include "server/clock.h"
#include "server/ground_stream.h"
#include "server/pipeline.h"
#include "server/reception.h"

namespace lqvg::serving {

class GroundService final
    : public v1::GroundingService::WithRawCallbackMethod_Ground<
          v1::GroundingService::WithRawCallbackMethod_GroundStream<
              v1::GroundingService::WithRawCallbackMethod_GetModel<v1::GroundingService::Service>>> {
 public:
  // All of them outlive the service. `max_stream_age`: until a GroundStream is ended with STREAM_AGED.
  GroundService(Reception& reception, Duration max_stream_age, Pipeline& pipeline, const Clock& clock);
  ~GroundService() override;

  // Ends every GroundStream, now and from now on, once what it has read is answered. The pipeline refuses other calls.
  void BeginDrain() { streams_.BeginDrain(); }

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
  absl::StatusOr<grpc::ByteBuffer> DescribeModel(const grpc::ByteBuffer& request) const;

  Reception& reception_;
  Pipeline& pipeline_;
  const Clock& clock_;
  GroundStreams streams_;
};

}  // namespace lqvg::serving
