// Who makes an RPC, by what gRPC knows of it. For every service that asks for credentials.
//
// Stateless and thread-safe; never blocks.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "server/authenticator.h"

namespace lqvg::serving {

// The client's name; empty without `authenticator`, which means that everybody may call. Errors as Authenticate.
absl::StatusOr<std::string> IdentifyCaller(const grpc::CallbackServerContext& context,
                                           const Authenticator* authenticator);

}  // namespace lqvg::serving
