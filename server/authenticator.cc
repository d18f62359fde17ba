#include "server/authenticator.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "server/digest.h"

namespace lqvg::serving {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::string_view kScheme = "bearer ";

// The text up to the next blank; that and the blanks behind it are taken from `rest`.
std::string_view TakeWord(std::string_view& rest) {
  const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t", end), rest.size()));
  return word;
}

std::string_view Trim(std::string_view text) {
  constexpr char kBlanks[] = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

bool IsHash(std::string_view text) {
  return text.size() == 2 * kHashBytes && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

// What an unset variable or an empty file hashes to.
constexpr std::string_view kHashOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

absl::Status Unauthenticated(std::string_view message) {
  return Reject(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", std::string(message));
}

}  // namespace

absl::StatusOr<ClientList> ClientList::Parse(std::string_view text) {
  ClientList clients;
  int number = 0;
  const auto fault = [&number](std::string_view message) {
    return absl::InvalidArgumentError(absl::StrCat("line ", number, ": ", std::string(message)));
  };
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = Trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;

    absl::StatusOr<Entry> entry = ParseLine(line);
    if (!entry.ok()) return fault(std::string(entry.status().message()));
    for (const Entry& earlier : clients.entries_) {
      if (earlier.kind == entry->kind && earlier.credential == entry->credential) {
        return fault(absl::StrCat("the credential of line ", earlier.line, " again"));
      }
    }
    entry->line = number;
    clients.entries_.push_back(*std::move(entry));
  }
  if (clients.entries_.empty()) {
    return absl::InvalidArgumentError("names no client, so that nobody could call: is it complete?");
  }
  return clients;
}

absl::StatusOr<ClientList::Entry> ClientList::ParseLine(std::string_view line) {
  const std::string_view name = TakeWord(line);
  const std::string_view kind = TakeWord(line);
  const std::string_view credential = line;
  if (!IsName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the name, which comes first, must be 1..", kMaxNameBytes, " of A-Z a-z 0-9 . _ -"));
  }
  if (kind == "token") {
    if (!IsHash(credential)) {
      return absl::InvalidArgumentError(
          "a token is given by the 64 hexadecimal digits of its SHA-256, never as it is: printf %s TOKEN | sha256sum");
    }
    const std::string digits = absl::AsciiStrToLower(absl::string_view(credential.data(), credential.size()));
    if (digits == kHashOfNothing) return absl::InvalidArgumentError("this is the hash of an empty token");
    return Entry{
        .name = std::string(name), .kind = Kind::kToken, .credential = absl::HexStringToBytes(digits), .line = 0};
  }
  if (kind == "certificate") {
    if (credential.empty())
      return absl::InvalidArgumentError("the certificate's common or alternative name is missing");
    return Entry{
        .name = std::string(name), .kind = Kind::kCertificate, .credential = std::string(credential), .line = 0};
  }
  return absl::InvalidArgumentError("after the name, 'token' or 'certificate' must follow");
}

bool ClientList::has_certificates() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const Entry& entry) { return entry.kind == Kind::kCertificate; });
}

Authenticator::Authenticator(ClientList clients) : clients_(std::make_shared<const ClientList>(std::move(clients))) {}

void Authenticator::Replace(ClientList clients) {
  auto replacement = std::make_shared<const ClientList>(std::move(clients));
  MutexLock lock(&mutex_);
  clients_.swap(replacement);
}

absl::StatusOr<std::string> Authenticator::Authenticate(const Credentials& credentials) const {
  std::shared_ptr<const ClientList> clients;
  {
    MutexLock lock(&mutex_);
    clients = clients_;
  }
  if (!credentials.authorization.empty()) {
    const std::string& value = credentials.authorization.front();
    if (credentials.authorization.size() > 1 || !absl::StartsWithIgnoreCase(value, kScheme.data())) {
      return Unauthenticated("the metadata 'authorization' must be there once, as 'Bearer TOKEN'");
    }
    const absl::StatusOr<std::string> hash = Sha256(Trim(std::string_view(value).substr(kScheme.size())));
    if (!hash.ok()) return hash.status();
    // Every entry is compared, and in full, so that the time tells nothing about how near a guess was.
    const std::string* name = nullptr;
    for (const ClientList::Entry& entry : clients->entries_) {
      if (entry.kind != ClientList::Kind::kToken) continue;
      if (CRYPTO_memcmp(entry.credential.data(), hash->data(), kHashBytes) == 0) name = &entry.name;
    }
    if (name == nullptr) return Unauthenticated("the token is not known here");
    return *name;
  }
  if (!credentials.has_certificate) {
    return Unauthenticated("a credential is needed: metadata 'authorization' with 'Bearer TOKEN', or a certificate");
  }
  for (const ClientList::Entry& entry : clients->entries_) {
    const std::vector<std::string>& names = credentials.certificate_names;
    if (entry.kind == ClientList::Kind::kCertificate &&
        std::find(names.begin(), names.end(), entry.credential) != names.end()) {
      return entry.name;
    }
  }
  return Reject(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED",
                "the client certificate is sound, but may not call this service");
}

}  // namespace lqvg::serving
