#include "client/cli/credentials.h"

#include <cstddef>
#include <cstdlib>
#include <fstream>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace lqvg::cli {
namespace {

// Of a file of certificates or a token. The system's whole store of roots has a quarter of that.
constexpr std::size_t kMaxFileBytes = 1u << 20;

// One option that names a file, its variable, and what has been given.
struct NamedFile {
  const char* option;
  const char* variable;
};
constexpr NamedFile kRoots = {"--cacert", "LQVG_CACERT"};
constexpr NamedFile kCertificate = {"--cert", "LQVG_CERT"};
constexpr NamedFile kKey = {"--key", "LQVG_KEY"};
constexpr NamedFile kToken = {"--token-file", "LQVG_TOKEN_FILE"};

// The text of the file; empty if none is named.
absl::StatusOr<std::string> Read(const NamedFile& file, const Arguments& arguments) {
  const bool typed = arguments.Has(file.option);
  const std::string path = typed ? arguments.Value(file.option) : EnvironmentValue(file.variable, "");
  if (path.empty() && !typed) return "";
  std::ifstream stream(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  const std::string name = absl::StrCat(typed ? file.option : file.variable, "=", path);
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(name, ": the file cannot be read, or is empty"));
  if (text.size() > kMaxFileBytes) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": the file has more than ", kMaxFileBytes, " bytes"));
  }
  return text;
}

}  // namespace

const std::vector<Option>& CredentialOptions() {
  static const std::vector<Option> options = {
      {.name = "--tls", .value = "", .help = "encrypt, and trust the certificates that the system trusts"},
      {.name = "--cacert",
       .value = "FILE",
       .help = "encrypt, and trust the certificates in FILE instead (default: $LQVG_CACERT)"},
      {.name = "--cert",
       .value = "FILE",
       .help = "certificate of this client, for servers that ask for one (default: $LQVG_CERT)"},
      {.name = "--key", .value = "FILE", .help = "the private key to it (default: $LQVG_KEY)"},
      {.name = "--server-name",
       .value = "NAME",
       .help = "name that the server's certificate is for (default: $LQVG_SERVER_NAME, else the host)"},
      {.name = "--token-file",
       .value = "FILE",
       .help = "file with a token that the server knows this client by (default: $LQVG_TOKEN_FILE)"},
  };
  return options;
}

absl::Status ReadCredentials(const Arguments& arguments, client::ClientOptions* options) {
  client::TlsOptions tls;
  tls.server_name = arguments.Value("--server-name", EnvironmentValue("LQVG_SERVER_NAME", ""));
  const struct {
    const NamedFile& file;
    std::string& text;
  } files[] = {{kRoots, tls.root_certificates},
               {kCertificate, tls.certificate_chain},
               {kKey, tls.private_key},
               {kToken, options->token}};
  for (const auto& [file, text] : files) {
    absl::StatusOr<std::string> read = Read(file, arguments);
    if (!read.ok()) return read.status();
    text = *std::move(read);
  }
  // Files end with a newline, tokens do not.
  absl::StripAsciiWhitespace(&options->token);
  const bool encrypt = arguments.Has("--tls") || !tls.root_certificates.empty() || !tls.certificate_chain.empty() ||
                       !tls.private_key.empty() || !tls.server_name.empty();
  if (encrypt) options->tls = tls;
  return absl::OkStatus();
}

std::string EnvironmentValue(const char* name, const std::string& otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

}  // namespace lqvg::cli
