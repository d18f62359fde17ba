// The channel behind a client: credentials, limits, retries. For client.h and for programs that make calls of their
// own.
//
// Stateless and thread-safe.
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "client/cpp/client.h"

namespace lqvg::client {

// INVALID_ARGUMENT as of Client::Connect.
absl::Status CheckOptions(const ClientOptions& options);

// gRPC shares one connection between all channels of a process that look alike; kOwnConnection does not.
enum class Sharing { kSharedConnection, kOwnConnection };

// Not connected yet. `options` must have passed CheckOptions.
std::shared_ptr<grpc::Channel> MakeChannel(const ClientOptions& options, Sharing sharing = Sharing::kSharedConnection);

// The value of the header "authorization" for `options.token`.
std::string Authorization(const ClientOptions& options);

}  // namespace lqvg::client
