#include "client/cpp/retained.h"

#include <openssl/evp.h>

#include <iterator>

#include "absl/strings/str_cat.h"

namespace lqvg::client {
namespace {

// The same bytes turned or not turned are two pictures.
std::string KeyOf(const std::string& digest, bool turned) { return absl::StrCat(digest, turned ? "+exif" : ""); }

std::string Sha256(const std::string& bytes) {
  std::string digest(32, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(digest.data());
  return EVP_Digest(bytes.data(), bytes.size(), out, nullptr, EVP_sha256(), nullptr) == 1 ? digest : "";
}

}  // namespace

std::optional<v1::GroundRequest> Retained::ByDigest(const v1::GroundRequest& request) const {
  if (request.image().encoded().size() <= kLeastBytes) return std::nullopt;
  if (request.cache_policy() == v1::CACHE_POLICY_BYPASS) return std::nullopt;  // no digest is known without the cache
  {
    absl::MutexLock lock(&mutex_);
    if (keys_.empty()) return std::nullopt;
  }
  const std::string digest = Sha256(request.image().encoded());
  {
    absl::MutexLock lock(&mutex_);
    if (!keys_.contains(KeyOf(digest, request.image().apply_exif_orientation()))) return std::nullopt;
  }
  v1::GroundRequest by_digest;
  by_digest.mutable_image()->set_digest(digest);
  by_digest.mutable_image()->set_apply_exif_orientation(request.image().apply_exif_orientation());
  *by_digest.mutable_expressions() = request.expressions();
  if (request.has_max_boxes()) by_digest.set_max_boxes(request.max_boxes());
  if (request.has_min_score()) by_digest.set_min_score(request.min_score());
  by_digest.set_clip_boxes(request.clip_boxes());
  by_digest.set_request_id(request.request_id());
  by_digest.set_model(request.model());
  return by_digest;
}

void Retained::Add(const v1::GroundRequest& request, const v1::GroundResponse& response) {
  if (!response.image_retained() || request.image().encoded().size() <= kLeastBytes) return;
  const std::string key = KeyOf(response.image_digest(), request.image().apply_exif_orientation());
  absl::MutexLock lock(&mutex_);
  if (keys_.contains(key)) return;
  order_.push_back(key);
  keys_.emplace(key, std::prev(order_.end()));
  if (order_.size() <= kMaxPictures) return;
  keys_.erase(order_.front());
  order_.pop_front();
}

void Retained::Forget(const v1::GroundRequest& by_digest) {
  absl::MutexLock lock(&mutex_);
  const auto found = keys_.find(KeyOf(by_digest.image().digest(), by_digest.image().apply_exif_orientation()));
  if (found == keys_.end()) return;
  order_.erase(found->second);
  keys_.erase(found);
}

}  // namespace lqvg::client
