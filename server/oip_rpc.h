// One ModelInfer RPC: a joint call of the pipeline, and its answer.
//
// Used by the library's threads. Never blocks.
#pragma once

#include <memory>

#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "model/grounder.h"
#include "server/caller.h"
#include "server/clock.h"
#include "server/finished_call.h"
#include "server/open_rpcs.h"
#include "server/pipeline.h"
#include "server/request_limits.h"

namespace lqvg::serving {

// What a ModelInfer RPC needs from the service, which it may outlive.
struct InferContext {
  const CallObserver* observer;  // of the service: used only while the RPC is not done
  std::shared_ptr<const ModelInfo> model;
  RequestLimits limits;
  Caller caller;
  OpenRpcs::Token open;
};

// Begins the RPC that came at `begun` with `bytes`, and of which `record` is known. The reactor owns itself. Throws
// only before there is one.
grpc::ServerUnaryReactor* BeginModelInfer(InferContext service, FinishedCall record, TimePoint begun,
                                          grpc::CallbackServerContext* context, grpc::ByteBuffer* response,
                                          Pipeline& pipeline, const Clock& clock, const grpc::ByteBuffer& bytes);

}  // namespace lqvg::serving
