#include "server/digest.h"

#include <openssl/evp.h>

#include "absl/status/status.h"

namespace lqvg::serving {

absl::StatusOr<std::string> Sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(digest.data());
  if (EVP_Digest(bytes.data(), bytes.size(), out, nullptr, EVP_sha256(), nullptr) != 1) {
    return absl::InternalError("OpenSSL computes no SHA-256");
  }
  return digest;
}

}  // namespace lqvg::serving
