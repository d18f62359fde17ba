#include "server/caller.h"

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

}  // namespace

absl::StatusOr<std::string> IdentifyCaller(const grpc::CallbackServerContext& context,
                                           const Authenticator* authenticator) {
  if (authenticator == nullptr) return std::string();
  return authenticator->Authenticate(CredentialsOf(context));
}

}  // namespace lqvg::serving
