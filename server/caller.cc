#include "server/caller.h"

#include <cstddef>
#include <memory>

#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/auth_context.h"

namespace lqvg::serving {
namespace {

std::string ToString(const grpc::string_ref& text) { return {text.data(), text.size()}; }

Credentials CredentialsOf(const grpc::CallbackServerContext& context) {
  Credentials credentials;
  const auto [begin, end] = context.client_metadata().equal_range("authorization");
  for (auto entry = begin; entry != end; ++entry) credentials.authorization.push_back(ToString(entry->second));

  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  // The certificate itself is there exactly when the handshake has verified one.
  credentials.has_certificate = !peer->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME).empty();
  for (const char* const property : {GRPC_X509_SAN_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME}) {
    for (const grpc::string_ref& name : peer->FindPropertyValues(property)) {
      credentials.certificate_names.push_back(ToString(name));
    }
  }
  return credentials;
}

// "ipv4:10.1.2.3:4567" -> "ipv4:10.1.2.3". A peer without port, such as a socket of this machine, stays as it is.
std::string WithoutPort(const std::string& peer) {
  const std::size_t colon = peer.rfind(':');
  const bool ip = peer.rfind("ipv4:", 0) == 0 || peer.rfind("ipv6:", 0) == 0;
  return ip && colon > 4 ? peer.substr(0, colon) : peer;
}

std::string KeyOf(const grpc::CallbackServerContext& context, const std::string& caller_metadata) {
  if (!caller_metadata.empty()) {
    const auto found = context.client_metadata().find(caller_metadata);
    if (found != context.client_metadata().end() && !found->second.empty()) return "key:" + ToString(found->second);
  }
  return WithoutPort(context.peer());
}

}  // namespace

absl::StatusOr<Caller> IdentifyCaller(const grpc::CallbackServerContext& context, const Authenticator* authenticator,
                                      const std::string& caller_metadata) {
  if (authenticator == nullptr) return Caller{.client = {}, .key = KeyOf(context, caller_metadata)};
  absl::StatusOr<std::string> client = authenticator->Authenticate(CredentialsOf(context));
  if (!client.ok()) return client.status();
  return Caller{.client = *client, .key = "client:" + *client};
}

}  // namespace lqvg::serving
