// The files that say who the server is and who may call it: read at the start, and again on SIGHUP.
//
// Owned by the process. Load and Reload block while they read and are called by one thread at a time; the authenticator
// is the transport's to use from any.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/authenticator.h"
#include "server/log.h"
#include "server/tls_identity.h"

namespace lqvg::serving {

struct AccessOptions {
  TlsOptions tls;            // not enabled: plaintext
  std::string clients_file;  // ClientList; empty: everybody may call
};

class Access {
 public:
  // INVALID_ARGUMENT names the file and what is wrong with it.
  static absl::StatusOr<Access> Load(const AccessOptions& options);

  // As it was at the start.
  const std::optional<TlsIdentity>& identity() const { return identity_; }
  // Null: everybody may call.
  const Authenticator* authenticator() const { return authenticator_.get(); }

  // Logs what was loaded; a certificate that has expired is a warning.
  void Announce(Log& log) const;

  // Reads the files again. What is sound takes effect, an identity through `use_identity`; of what is broken, the
  // former stays in force. Logs which. Connections that exist stay as they are.
  void Reload(Log& log, const std::function<void(TlsIdentity)>& use_identity);

 private:
  explicit Access(AccessOptions options) : options_(std::move(options)) {}

  AccessOptions options_;
  std::optional<TlsIdentity> identity_;
  std::unique_ptr<Authenticator> authenticator_;
  std::size_t credentials_ = 0;  // on its list, at the start
};

}  // namespace lqvg::serving
