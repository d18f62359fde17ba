#include "server/access.h"

#include <chrono>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/read_text_file.h"

namespace lqvg::serving {
namespace {

absl::StatusOr<ClientList> LoadClients(const AccessOptions& options) {
  const absl::StatusOr<std::string> text = ReadTextFile(options.clients_file);
  if (!text.ok()) return text.status();
  absl::StatusOr<ClientList> clients = ClientList::Parse(*text);
  if (!clients.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(options.clients_file, ": ", clients.status().message()));
  }
  if (clients->has_certificates() && options.tls.client_ca_file.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(options.clients_file,
                                                   ": names clients by certificate, and without --tls-client-ca "
                                                   "no client shows one"));
  }
  return clients;
}

void AnnounceIdentity(const std::string& file, const TlsIdentity& identity, Log& log) {
  const bool expired = identity.expiry <= std::chrono::system_clock::now();
  const std::string expiry =
      absl::FormatTime(absl::RFC3339_sec, absl::FromChrono(identity.expiry), absl::UTCTimeZone());
  log.Write(expired ? LogLevel::kWarning : LogLevel::kInfo,
            expired ? "the TLS certificate has expired: clients will refuse it" : "TLS certificate loaded",
            {{"file", file}, {"expires", expiry}});
}

void AnnounceClients(const std::string& file, std::size_t count, Log& log) {
  log.Write(LogLevel::kInfo, "list of clients loaded",
            {{"file", file}, {"credentials", static_cast<std::int64_t>(count)}});
}

}  // namespace

absl::StatusOr<Access> Access::Load(const AccessOptions& options) {
  Access access(options);
  if (options.tls.enabled()) {
    absl::StatusOr<TlsIdentity> identity = LoadTlsIdentity(options.tls);
    if (!identity.ok()) return identity.status();
    access.identity_ = *std::move(identity);
  }
  if (!options.clients_file.empty()) {
    absl::StatusOr<ClientList> clients = LoadClients(options);
    if (!clients.ok()) return clients.status();
    access.credentials_ = clients->size();
    access.authenticator_ = std::make_unique<Authenticator>(*std::move(clients));
  }
  return access;
}

void Access::Announce(Log& log) const {
  if (identity_) AnnounceIdentity(options_.tls.certificate_file, *identity_, log);
  if (authenticator_ != nullptr) AnnounceClients(options_.clients_file, credentials_, log);
}

void Access::Reload(Log& log, const std::function<void(TlsIdentity)>& use_identity) {
  const bool nothing = !identity_ && authenticator_ == nullptr;
  log.Write(LogLevel::kInfo, nothing ? "SIGHUP: there is nothing to reload" : "SIGHUP: reading the files again");
  const auto keep = [&log](const absl::Status& status) {
    log.Write(LogLevel::kError, absl::StrCat("not reloaded, what was read before stays in force: ", status.message()));
  };
  if (identity_) {
    if (absl::StatusOr<TlsIdentity> identity = LoadTlsIdentity(options_.tls); identity.ok()) {
      AnnounceIdentity(options_.tls.certificate_file, *identity, log);
      use_identity(*std::move(identity));
    } else {
      keep(identity.status());
    }
  }
  if (authenticator_ != nullptr) {
    if (absl::StatusOr<ClientList> clients = LoadClients(options_); clients.ok()) {
      AnnounceClients(options_.clients_file, clients->size(), log);
      authenticator_->Replace(*std::move(clients));
    } else {
      keep(clients.status());
    }
  }
}

}  // namespace lqvg::serving
