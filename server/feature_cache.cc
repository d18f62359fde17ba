#include "server/feature_cache.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "server/mutex.h"
#include "server/token_key.h"

namespace lqvg::serving {

// The clients that have sent one picture's bytes. Thread-safe.
class ImageFeatureCache::Senders {
 public:
  void Add(const std::string& client) {
    MutexLock lock(&mutex_);
    if (std::find(names_.begin(), names_.end(), client) != names_.end()) return;
    if (names_.size() == kMaxSenders) names_.pop_front();  // who sent it long ago has to send it once more
    names_.push_back(client);
  }

  bool Contain(const std::string& client) const {
    MutexLock lock(&mutex_);
    return std::find(names_.begin(), names_.end(), client) != names_.end();
  }

 private:
  mutable Mutex mutex_;
  std::deque<std::string> names_ ABSL_GUARDED_BY(mutex_);
};

std::optional<CachedImage> ImageFeatureCache::Find(std::string_view image_key, const std::string& client) {
  std::optional<Entry> entry = entries_.Find(image_key);
  if (!entry) return std::nullopt;
  entry->senders->Add(client);
  return std::move(entry->image);
}

std::optional<CachedImage> ImageFeatureCache::FindSent(std::string_view image_key, const std::string& client) {
  std::optional<Entry> entry;
  // Two looks, so that a stranger's question is no use of the entry, which would keep it from being evicted.
  if (Retains(image_key, client)) entry = entries_.Find(image_key);
  if (!entry) {
    entries_.CountMiss();
    return std::nullopt;
  }
  return std::move(entry->image);
}

bool ImageFeatureCache::Retains(std::string_view image_key, const std::string& client) const {
  const std::optional<Entry> entry = entries_.Peek(image_key);
  return entry && entry->senders->Contain(client);
}

void ImageFeatureCache::Insert(const std::string& image_key, CachedImage image, const std::string& client) {
  std::shared_ptr<Senders> senders;
  if (const std::optional<Entry> entry = entries_.Peek(image_key)) {
    image = entry->image;
    senders = entry->senders;
  } else {
    senders = std::make_shared<Senders>();
  }
  senders->Add(client);
  const std::size_t bytes = image.features->ByteCount() + sizeof(PictureFacts) + sizeof(Senders);
  entries_.Insert(image_key, {.image = std::move(image), .senders = std::move(senders)}, bytes);
}

std::shared_ptr<const TextFeatures> TextFeatureCache::Find(const Expression& expression) {
  return entries_.Find(TokenKey(expression)).value_or(nullptr);
}

void TextFeatureCache::Insert(const Expression& expression, std::shared_ptr<const TextFeatures> features) {
  const std::size_t bytes = features->ByteCount();
  entries_.Insert(TokenKey(expression), std::move(features), bytes);
}

}  // namespace lqvg::serving
