// One ModelInfer RPC: a joint call of the pipeline, and its answer.
//
// Used by the library's threads. Never blocks.
#pragma once

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/clock.h"
#include "server/finished_call.h"
#include "server/pipeline.h"
#include "server/reception.h"

namespace lqvg::serving {

// Begins the RPC that came at `begun` with `bytes`, and of which `record` is known. The reactor owns itself. Throws
// only before there is one.
grpc::ServerUnaryReactor* BeginModelInfer(RpcContext service, FinishedCall record, TimePoint begun,
                                          grpc::CallbackServerContext* context, grpc::ByteBuffer* response,
                                          Pipeline& pipeline, const Clock& clock, const grpc::ByteBuffer& bytes);

}  // namespace lqvg::serving
