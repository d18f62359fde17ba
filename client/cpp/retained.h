// Digest first: a picture that the server has said it retains is named by its SHA-256 instead of sent once more.
//
// Owned by a Client. Thread-safe; blocks for as long as hashing a picture takes.
#pragma once

#include <cstddef>
#include <list>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "lqvg/v1/grounding.pb.h"

namespace lqvg::client {

class Retained {
 public:
  // A picture must have more, or a digest that may fail is not worth the try.
  static constexpr std::size_t kLeastBytes = 64u << 10;
  // That are remembered, the last of them.
  static constexpr std::size_t kMaxPictures = 4096;

  // `request` with its picture's digest instead of the bytes; nothing: the bytes are to be sent.
  std::optional<v1::GroundRequest> ByDigest(const v1::GroundRequest& request) const;
  // Notes what the answer to a request with the picture's bytes says.
  void Add(const v1::GroundRequest& request, const v1::GroundResponse& response);
  // To be called when a request by digest was answered IMAGE_NOT_CACHED.
  void Forget(const v1::GroundRequest& by_digest);

 private:
  mutable absl::Mutex mutex_;
  std::list<std::string> order_ ABSL_GUARDED_BY(mutex_);  // of the keys, the oldest first
  absl::flat_hash_map<std::string, std::list<std::string>::iterator> keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lqvg::client
