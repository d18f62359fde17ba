// What a client may do to the transport: sizes, streams, buffers, times. The same on every port that gRPC is served on.
//
// Stateless.
#pragma once

#include "grpcpp/server_builder.h"
#include "server/server.h"

namespace lqvg::serving {

// Sets the limits of `options` on a server that is about to be built, switches compression off and refuses to share
// the port. Each server gets a quota of memory of its own.
void SetTransportLimits(const ServerOptions& options, grpc::ServerBuilder& builder);

}  // namespace lqvg::serving
