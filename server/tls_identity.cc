#include "server/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/read_text_file.h"

namespace lqvg::serving {
namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Context = std::unique_ptr<SSL_CTX, Free<&SSL_CTX_free>>;
using Certificate = std::unique_ptr<X509, Free<&X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<&EVP_PKEY_free>>;
using Pem = std::unique_ptr<BIO, Free<&BIO_free>>;

Pem OpenPem(const std::string& text) { return Pem(BIO_new_mem_buf(text.c_str(), -1)); }

absl::Status Fault(const std::string& file, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", what));
}

// The library's own words for what it just refused.
std::string OpenSslReason() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason == nullptr ? "OpenSSL refuses it" : reason;
}

// The next certificate of a PEM text; null at its end.
absl::StatusOr<Certificate> NextCertificate(BIO* pem, const std::string& file) {
  Certificate certificate(PEM_read_bio_X509_AUX(pem, nullptr, nullptr, nullptr));
  if (certificate != nullptr) return certificate;
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return Fault(file, absl::StrCat("holds a broken certificate: ", OpenSslReason()));
  ERR_clear_error();
  return Certificate();
}

absl::Status UseCertificates(SSL_CTX* context, const TlsIdentity& identity, const std::string& file) {
  const Pem pem = OpenPem(identity.certificate_chain);
  absl::StatusOr<Certificate> certificate = NextCertificate(pem.get(), file);
  if (!certificate.ok()) return certificate.status();
  if (*certificate == nullptr) return Fault(file, "holds no certificate in PEM");
  if (SSL_CTX_use_certificate(context, certificate->get()) != 1) {
    return Fault(file, absl::StrCat("the certificate cannot be used: ", OpenSslReason()));
  }
  while (true) {
    absl::StatusOr<Certificate> next = NextCertificate(pem.get(), file);
    if (!next.ok()) return next.status();
    if (*next == nullptr) return absl::OkStatus();
    if (SSL_CTX_add1_chain_cert(context, next->get()) != 1) {
      return Fault(file, absl::StrCat("a certificate of the chain cannot be used: ", OpenSslReason()));
    }
  }
}

// Asks nobody for a passphrase: OpenSSL's default would ask at the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

absl::Status UseKey(SSL_CTX* context, const TlsIdentity& identity, const TlsOptions& options) {
  const Key key(PEM_read_bio_PrivateKey(OpenPem(identity.key).get(), nullptr, &NoPassphrase, nullptr));
  if (key == nullptr) {
    ERR_clear_error();
    return Fault(options.key_file, "holds no private key in PEM without passphrase");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return Fault(options.key_file, absl::StrCat("is not the key of the certificate in ", options.certificate_file));
  }
  return absl::OkStatus();
}

absl::Status CheckClientCas(const TlsIdentity& identity, const std::string& file) {
  const Pem pem = OpenPem(identity.client_cas);
  for (int count = 0;; ++count) {
    const absl::StatusOr<Certificate> certificate = NextCertificate(pem.get(), file);
    if (!certificate.ok()) return certificate.status();
    if (*certificate == nullptr) {
      return count > 0 ? absl::OkStatus() : Fault(file, "holds no certificate in PEM");
    }
  }
}

// Nothing when the certificate does not say it in a form that OpenSSL reads.
std::chrono::system_clock::time_point ExpiryOf(const X509* certificate) {
  std::tm time{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&time));
}

}  // namespace

absl::StatusOr<TlsIdentity> LoadTlsIdentity(const TlsOptions& options) {
  TlsIdentity identity;
  for (const auto& [file, text] :
       {std::pair(&options.certificate_file, &identity.certificate_chain), std::pair(&options.key_file, &identity.key),
        std::pair(&options.client_ca_file, &identity.client_cas)}) {
    if (file->empty()) continue;
    absl::StatusOr<std::string> content = ReadTextFile(*file);
    if (!content.ok()) return content.status();
    *text = *std::move(content);
  }
  // Done as gRPC does it for a handshake, so that what is accepted here is accepted there.
  ERR_clear_error();
  const Context context(SSL_CTX_new(TLS_method()));
  if (context == nullptr) return absl::InternalError(absl::StrCat("OpenSSL does not start: ", OpenSslReason()));
  if (absl::Status status = UseCertificates(context.get(), identity, options.certificate_file); !status.ok()) {
    return status;
  }
  if (absl::Status status = UseKey(context.get(), identity, options); !status.ok()) return status;
  if (!options.client_ca_file.empty()) {
    if (absl::Status status = CheckClientCas(identity, options.client_ca_file); !status.ok()) return status;
  }
  identity.expiry = ExpiryOf(SSL_CTX_get0_certificate(context.get()));
  return identity;
}

}  // namespace lqvg::serving
