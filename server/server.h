// The gRPC server: the listening port, the services on it and the limits of the transport.
//
// Owned by main. Knows no model: it serves health from its first connection on, and Ground and ModelInfer as soon as
// the pipeline is open. SetModel, SetReady and SetLive may be called by any thread; Shutdown by one thread, once, and
// blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "model/grounder.h"
#include "server/authenticator.h"
#include "server/clock.h"
#include "server/finished_call.h"
#include "server/pipeline.h"
#include "server/request_limits.h"
#include "server/tls_identity.h"

namespace grpc {
class Server;
}  // namespace grpc

namespace lqvg::serving {

class GroundService;
class HealthEndpoint;
class HealthService;
class OipService;
class Reception;
class TlsCredentials;

// Told of the lines that the gRPC library logs about failures, a few of which clients can cause at will.
using LibraryLog = std::function<void(std::string_view message)>;

// From now on `log` gets these lines; before the first call they go to stderr. An empty `log` drops them. For the whole
// process. Thread-safe; returns when no thread is in the former `log` any more. `log` must not call gRPC.
void SetLibraryLog(LibraryLog log);

struct ServerOptions {
  std::string address = "127.0.0.1:50051";  // host:port; port 0 picks one
  std::string health_address = {};          // also health alone, in plaintext; empty: not
  RequestLimits limits = {};                // max_request_bytes is the transport's own limit, too
  std::string version = {};                 // semantic version of this program, for GetModel
  std::string commit = {};                  // that it was built from; may be empty
  bool reflection = false;                  // also serve grpc.reflection.v1alpha

  std::optional<TlsIdentity> tls = {};           // none: plaintext
  const Authenticator* authenticator = nullptr;  // outlives the server; null: everybody may call
  std::string caller_metadata = {};              // whose value tells callers apart; empty: their addresses do

  // Bytes of all connections' buffers together. Without it a few clients that stop in the middle of a message can hold
  // any amount of memory.
  std::size_t memory_quota_bytes = 1u << 30;
  int max_concurrent_streams = 32;                               // per connection
  int max_metadata_bytes = 8 << 10;                              // per call
  Duration max_connection_age = std::chrono::minutes(10);        // the library adds up to a tenth at random
  Duration max_connection_age_grace = std::chrono::seconds(30);  // the only clock on a body that never ends
  Duration max_stream_age = std::chrono::minutes(9);             // shorter, so that the server ends a stream itself
  Duration max_connection_idle = std::chrono::minutes(5);
  Duration handshake_timeout = std::chrono::seconds(10);
  Duration keepalive_time = std::chrono::seconds(60);     // without traffic, until the server pings
  Duration keepalive_timeout = std::chrono::seconds(20);  // for the answer to that
  Duration min_ping_interval = std::chrono::seconds(20);  // clients that ping more often are sent away
};

class Server {
 public:
  // Listens, ready for connections and NOT_SERVING. `pipeline` and `clock` outlive the server. UNAVAILABLE when the
  // address cannot be listened on: malformed, not of this machine, or taken.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, Pipeline& pipeline,
                                                       const Clock& clock, CallObserver observer);
  // Shutdown without delay, if that has not been called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The port that is listened on.
  int port() const { return port_; }
  // That of the health endpoint; 0: there is none.
  int health_port() const;

  // For the TLS handshakes from now on; connections that exist stay as they are. Any thread may call it. The server
  // was started with TLS, and both identities have client CAs or neither.
  void ReplaceTlsIdentity(TlsIdentity identity);

  // What is told of the model, and requests are checked against. To be called before the pipeline is opened.
  void SetModel(const ModelInfo& info);

  // Health of "" and "lqvg.v1.GroundingService", ServerReady and ModelReady. False from the start.
  void SetReady(bool ready);
  // Health of "lqvg.liveness", and ServerLive. True from the start.
  void SetLive(bool live);

  // Ends every GroundStream with SHUTTING_DOWN, now and from now on, once what it has read is answered: an open one
  // would hold the server. The pipeline refuses other calls.
  void BeginDrain();

  // For a process that is about to end: ends the health watches, and returns when their ends and the answers to the
  // calls that have come by now are sent, or at `deadline`. What comes later is still served, until the process ends.
  void AwaitAnswersSent(TimePoint deadline);

  // Ends the health watches and GroundStreams, accepts nothing new, lets the calls inside end until `deadline` and
  // cancels the rest. Returns when every call is answered. The pipeline must still be running. Calls that arrive just
  // then are CANCELLED for their clients, by gRPC 1.51: see AwaitAnswersSent.
  void Shutdown(TimePoint deadline);

 private:
  Server(const ServerOptions& options, Pipeline& pipeline, const Clock& clock, CallObserver observer);

  const Clock& clock_;
  std::unique_ptr<Reception> reception_;
  std::unique_ptr<GroundService> ground_service_;
  std::unique_ptr<OipService> oip_service_;
  std::unique_ptr<HealthService> health_service_;
  std::unique_ptr<HealthEndpoint> health_endpoint_;  // null: there is none
  std::shared_ptr<TlsCredentials> tls_;              // null in plaintext; outlives the library's server, which asks it
  std::unique_ptr<grpc::Server> server_;             // last: it uses the services; null when it could not start
  int port_ = 0;
  bool shut_down_ = false;
};

}  // namespace lqvg::serving
