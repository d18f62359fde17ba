// What the server shows in a TLS handshake and whom it believes: its certificate, its key, the CAs of its clients.
//
// Plain values and one function that reads them from files; thread-safe.
#pragma once

#include <chrono>
#include <string>

#include "absl/status/statusor.h"

namespace lqvg::serving {

// PEM files. Empty: none.
struct TlsOptions {
  std::string certificate_file;  // the server's certificate, then those that lead to its CA
  std::string key_file;          // the certificate's private key, not encrypted
  std::string client_ca_file;    // CAs of client certificates; if given, a client must have one

  bool enabled() const { return !certificate_file.empty(); }
};

// The files' contents, which belong together.
struct TlsIdentity {
  std::string certificate_chain;
  std::string key;
  std::string client_cas;                        // empty: clients need no certificate
  std::chrono::system_clock::time_point expiry;  // of the certificate
};

// Blocks while it reads. `options` are enabled. INVALID_ARGUMENT names the file and what is wrong with it: it cannot be
// read, is no PEM, holds no certificate, is too weak for OpenSSL, or the key is another certificate's.
absl::StatusOr<TlsIdentity> LoadTlsIdentity(const TlsOptions& options);

}  // namespace lqvg::serving
