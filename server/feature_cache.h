// What the model computed of a picture alone, and of an expression alone: kept for the next call that asks for it.
//
// Owned by Caches. Thread-safe; never blocks. Features of a model on CUDA are in the device's memory, and count alike.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "model/grounder.h"
#include "server/byte_lru.h"
#include "server/prepared_query.h"

namespace lqvg::serving {

// A picture that need not be decoded again.
struct CachedImage {
  std::shared_ptr<const ImageFeatures> features;
  std::shared_ptr<const PictureFacts> facts;
};

// Image features by PreparedQuery::image_key: the SHA-256 of the file's bytes and how they are read. How pixels become
// a canvas, and the model, are the same as long as the process lives, so they are not part of the key.
//
// Each entry remembers which clients have sent its bytes, the last kMaxSenders of them: only they may ask for it by its
// digest. A client's name is empty where everybody may call; then everybody may ask.
class ImageFeatureCache {
 public:
  static constexpr std::size_t kMaxSenders = 16;

  explicit ImageFeatureCache(std::uint64_t bytes) : entries_(bytes) {}

  bool enabled() const { return entries_.enabled(); }

  // For a call that came with the picture's bytes: `client` is remembered as one of its senders.
  std::optional<CachedImage> Find(std::string_view image_key, const std::string& client);
  // For a call that came with the digest alone: only what `client` has sent before. A miss is counted.
  std::optional<CachedImage> FindSent(std::string_view image_key, const std::string& client);
  // Whether FindSent would find it now. Counts nothing.
  bool Retains(std::string_view image_key, const std::string& client) const;
  // To be called before an image is encoded because Find did not find it.
  void CountMiss() { entries_.CountMiss(); }

  // Keeps the picture, or what there is of it already, as the most recently used one; `client` has sent its bytes.
  void Insert(const std::string& image_key, CachedImage image, const std::string& client);

  CacheCounts counts() const { return entries_.counts(); }
  void Clear() { entries_.Clear(); }

 private:
  class Senders;
  struct Entry {
    CachedImage image;
    std::shared_ptr<Senders> senders;
  };

  ByteLru<Entry> entries_;
};

// Text features by the expression's tokens: what is spelt differently and read alike is one.
class TextFeatureCache {
 public:
  explicit TextFeatureCache(std::uint64_t bytes) : entries_(bytes) {}

  // Null: not there.
  std::shared_ptr<const TextFeatures> Find(const Expression& expression);
  // To be called before a text is encoded because Find did not find it.
  void CountMiss() { entries_.CountMiss(); }
  void Insert(const Expression& expression, std::shared_ptr<const TextFeatures> features);

  CacheCounts counts() const { return entries_.counts(); }
  void Clear() { entries_.Clear(); }

 private:
  ByteLru<std::shared_ptr<const TextFeatures>> entries_;
};

}  // namespace lqvg::serving
