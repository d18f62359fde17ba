// One ModelInfer RPC: a joint call of the pipeline, and its answer.
//
// Used by the library's threads. Never blocks.
#pragma once

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/clock.h"
#include "server/pipeline.h"
#include "server/reception.h"

namespace lqvg::serving {

// Begins the RPC, or refuses it: as BeginUnaryRpc. Never throws.
grpc::ServerUnaryReactor* BeginModelInfer(Reception& reception, Pipeline& pipeline, const Clock& clock,
                                          grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response);

}  // namespace lqvg::serving
