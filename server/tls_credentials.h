// The transport's end of TLS: hands each new handshake the identity that is in force.
//
// A subclass of gRPC's credentials, because of what 1.51 has only its C core can be told when to reload: the C++
// classes poll files by themselves, every second at best, and log where they fail. Owned by the server, for one
// listening port. Thread-safe; gRPC's threads ask it at the beginning of each handshake.
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "grpc/grpc_security.h"
#include "grpcpp/security/server_credentials.h"
#include "server/mutex.h"
#include "server/tls_identity.h"

namespace lqvg::serving {

class TlsCredentials final : public grpc::ServerCredentials {
 public:
  // TLS 1.2 or 1.3, and HTTP/2. Clients must show a certificate when `identity` has client CAs.
  explicit TlsCredentials(TlsIdentity identity);
  ~TlsCredentials() override;

  // For the handshakes from now on. It has client CAs exactly when the first one had.
  void Replace(TlsIdentity identity);

  // Not used by this server: its services ask the Authenticator, whose refusals say why in the contract's words.
  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  // What gRPC calls when it listens and at each handshake. `self` is the credentials.
  static grpc_ssl_certificate_config_reload_status Fetch(void* self, grpc_ssl_server_certificate_config** config);

  int AddPortToServer(const std::string& address, grpc_server* server) override;

  grpc_server_credentials* const credentials_;
  Mutex mutex_;
  TlsIdentity identity_ ABSL_GUARDED_BY(mutex_);
  bool fetched_ ABSL_GUARDED_BY(mutex_) = false;  // what is in identity_, by the one listening port
};

}  // namespace lqvg::serving
