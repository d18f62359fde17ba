#include "model/model_digest.h"

#include <openssl/evp.h>

#include <fstream>
#include <memory>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace lqvg {
namespace {

// SHA-256 as OpenSSL's EVP offers it, in hexadecimal.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void Add(const char* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string Hex() {
    unsigned char digest[32];
    EVP_DigestFinal_ex(context_.get(), digest, nullptr);
    return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

absl::StatusOr<std::string> ModelDigest(const std::string& model_dir) {
  Sha256 whole;
  std::vector<char> block(1 << 20);
  for (const char* name : {"config.json", "merges.txt", "model.safetensors", "vocab.json"}) {
    const std::string path = absl::StrCat(model_dir, "/", name);
    std::ifstream file(path, std::ios::binary);
    if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
    Sha256 one;
    while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
      one.Add(block.data(), static_cast<std::size_t>(file.gcount()));
    }
    const std::string line = absl::StrCat(one.Hex(), "  ", name, "\n");
    whole.Add(line.data(), line.size());
  }
  return whole.Hex();
}

}  // namespace lqvg
