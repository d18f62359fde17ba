#include "server/tls_credentials.h"

#include <utility>

#include "grpc/grpc.h"

namespace lqvg::serving {
namespace {

grpc_server_credentials* Create(bool with_client_cas, grpc_ssl_server_certificate_config_callback fetch, void* self) {
  return grpc_ssl_server_credentials_create_with_options(
      grpc_ssl_server_credentials_create_options_using_config_fetcher(
          with_client_cas ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                          : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
          fetch, self));
}

}  // namespace

TlsCredentials::TlsCredentials(TlsIdentity identity)
    : credentials_(Create(!identity.client_cas.empty(), &Fetch, this)), identity_(std::move(identity)) {}

TlsCredentials::~TlsCredentials() { grpc_server_credentials_release(credentials_); }

void TlsCredentials::Replace(TlsIdentity identity) {
  MutexLock lock(&mutex_);
  identity_ = std::move(identity);
  fetched_ = false;
}

grpc_ssl_certificate_config_reload_status TlsCredentials::Fetch(void* self,
                                                                grpc_ssl_server_certificate_config** config) {
  auto& credentials = *static_cast<TlsCredentials*>(self);
  MutexLock lock(&credentials.mutex_);
  if (std::exchange(credentials.fetched_, true)) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const TlsIdentity& identity = credentials.identity_;
  const grpc_ssl_pem_key_cert_pair pair = {.private_key = identity.key.c_str(),
                                           .cert_chain = identity.certificate_chain.c_str()};
  // Debian's library aborts on a null here, although nothing is verified where no certificate is requested.
  const std::string& client_cas = identity.client_cas.empty() ? identity.certificate_chain : identity.client_cas;
  *config = grpc_ssl_server_certificate_config_create(client_cas.c_str(), &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

int TlsCredentials::AddPortToServer(const std::string& address, grpc_server* server) {
  return grpc_server_add_http2_port(server, address.c_str(), credentials_);
}

}  // namespace lqvg::serving
