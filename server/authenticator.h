// Who may call: the clients that an operator named in a file, and which of them a caller is.
//
// The file holds one credential a line, `NAME token SHA256` or `NAME certificate SUBJECT`. NAME is what the log says; a
// client may have several lines, so that a token can be replaced without a gap. SHA256 is the hash of a bearer token,
// in hexadecimal: who reads the file learns no token. SUBJECT is a verified client certificate's common name or one of
// its alternative names, exactly. Lines that are empty or begin with # are ignored.
//
// An Authenticator is owned by the process and used by the transport's threads. Thread-safe; Authenticate reads no
// file.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/mutex.h"

namespace lqvg::serving {

// Sound by construction: at least one entry, and no credential twice.
class ClientList {
 public:
  // INVALID_ARGUMENT names the line and what is wrong with it. Messages repeat nothing of the text: who mistakes the
  // format may have written a token there.
  static absl::StatusOr<ClientList> Parse(std::string_view text);

  std::size_t size() const { return entries_.size(); }
  // Whether a client can be known by its certificate.
  bool has_certificates() const;

 private:
  friend class Authenticator;

  enum class Kind { kToken, kCertificate };
  struct Entry {
    std::string name;
    Kind kind;
    std::string credential;  // the 32 bytes of a token's hash, or a certificate's subject
    int line;
  };
  static absl::StatusOr<Entry> ParseLine(std::string_view line);

  std::vector<Entry> entries_;
};

// What a caller shows of itself.
struct Credentials {
  std::vector<std::string> authorization = {};      // values of the metadata of that name
  bool has_certificate = false;                     // the transport has verified one
  std::vector<std::string> certificate_names = {};  // its alternative names and its common name
};

class Authenticator {
 public:
  explicit Authenticator(ClientList clients);

  // For the calls from now on.
  void Replace(ClientList clients);

  // The client's name. A token decides, if there is one: a wrong one is not made good by a certificate.
  // UNAUTHENTICATED, UNAUTHENTICATED: no credential, or a token that is not on the list.
  // PERMISSION_DENIED, PERMISSION_DENIED: a verified certificate that is not on the list.
  absl::StatusOr<std::string> Authenticate(const Credentials& credentials) const;

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const ClientList> clients_ ABSL_GUARDED_BY(mutex_);  // never null
};

}  // namespace lqvg::serving
