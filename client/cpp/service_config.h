// The retry and balancing policy that all clients share: client/service_config.json, compiled in.
#pragma once

namespace lqvg::client {

// JSON of gRPC's service config.
extern const char kServiceConfig[];

}  // namespace lqvg::client
