// Who makes an RPC, by what gRPC knows of it. For every service that asks for credentials.
//
// Stateless and thread-safe; never blocks.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "server/authenticator.h"

namespace lqvg::serving {

struct Caller {
  std::string client;  // its name on the list of clients; empty: everybody may call
  std::string key;     // whom shares of the queue are counted for; never empty
};

// Shares are counted by the client's name where there is a list of clients; else by the metadata of the name
// `caller_metadata`, which a proxy in front sets; else, or when that is empty or missing, by the address that the
// connection comes from, without its port. Errors as Authenticate.
absl::StatusOr<Caller> IdentifyCaller(const grpc::CallbackServerContext& context, const Authenticator* authenticator,
                                      const std::string& caller_metadata);

}  // namespace lqvg::serving
