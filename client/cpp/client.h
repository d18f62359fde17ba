// A client of lqvg-serve: deadlines, retries and typed errors around the generated stub.
//
// Its owner keeps one Client per server and calls it from as many threads as it likes; they share one connection, which
// is made at the first call and again after it breaks. Every call blocks until it is answered or its deadline passes.
// Retries and balancing follow client/service_config.json: up to 3 attempts, on UNAVAILABLE only, within the deadline.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpc/health/v1/health.pb.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::client {

// The most that any server can be configured to take in one request, bytes.
inline constexpr std::size_t kMaxRequestBytes = 64u << 20;

// Version of this library, "1.2.3".
const char* Version();

// How to trust the server, and how to be trusted by it. PEM texts, not paths.
struct TlsOptions {
  std::string root_certificates = {};  // that the server's certificate must lead to; empty: the system's
  std::string certificate_chain = {};  // of this client, with its key: for servers that ask for one
  std::string private_key = {};
  std::string server_name = {};  // that the server's certificate must be for; empty: the target's host
};

struct ClientOptions {
  std::string target = "127.0.0.1:50051";       // host:port or any gRPC target, such as dns:///name:port
  absl::Duration deadline = absl::Seconds(10);  // for a whole call, its retries included
  bool retry = true;
  std::optional<TlsOptions> tls = {};  // unset: plaintext
  std::string token = {};              // sent as "authorization: Bearer TOKEN"; empty: none
};

class Client {
 public:
  using ServingStatus = grpc::health::v1::HealthCheckResponse::ServingStatus;

  // Does not wait for the server: a server that cannot be reached is UNAVAILABLE at the first call.
  // INVALID_ARGUMENT: no target; a deadline that is not positive and finite; a certificate without its key or the other
  // way round; a token that is no header value, or that would go over a network in plaintext.
  static absl::StatusOr<std::unique_ptr<Client>> Connect(const ClientOptions& options);

  ~Client();

  // Grounds the request's expressions. A picture of more than 64 KiB that the server has said it retains is named by
  // its digest; when it is gone there, its bytes are sent once more, within the same deadline. The errors are those of
  // the contract (ErrorOf tells reason and fields); RESOURCE_EXHAUSTED without a reason: the request has more bytes
  // than the server, or any server, takes.
  absl::StatusOr<v1::GroundResponse> Ground(const v1::GroundRequest& request) const;

  // What is served, and its limits.
  absl::StatusOr<v1::GetModelResponse> GetModel() const;

  // Health of `service`; "" is the server as a whole. NOT_FOUND: the server knows no such service. Never retried: the
  // answer is about this moment.
  absl::StatusOr<ServingStatus> CheckHealth(const std::string& service) const;

  // Calls `on_change` on this thread with the health of `service` now and at each change, until the stream ends.
  // Returns why it ended, never OK. `timeout` replaces the client's deadline and may be infinite.
  absl::Status WatchHealth(const std::string& service, absl::Duration timeout,
                           const std::function<void(ServingStatus)>& on_change) const;

 private:
  struct Stubs;
  Client(const ClientOptions& options, std::unique_ptr<Stubs> stubs);
  absl::StatusOr<v1::GroundResponse> Send(const v1::GroundRequest& request, absl::Time give_up) const;

  const ClientOptions options_;
  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace lqvg::client
