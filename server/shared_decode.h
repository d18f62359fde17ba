// One decoding of a picture for all who ask for it while it lasts.
//
// Owned by the process; outlives every call that waited here. Thread-safe; Join blocks: a thread of the pool waits for
// another one's pixels no longer than it would take to decode them itself.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "model/letterbox.h"
#include "server/call.h"
#include "server/mutex.h"

namespace lqvg::serving {

// A picture that is ready for the model, and what an answer says of it.
struct PreparedPicture {
  Canvas canvas;
  GroundAnswer answer;  // size, digest and notes
};

class SharedDecode {
 public:
  using Decode = absl::FunctionRef<absl::StatusOr<PreparedPicture>()>;

  SharedDecode() = default;
  SharedDecode(const SharedDecode&) = delete;
  SharedDecode& operator=(const SharedDecode&) = delete;

  // What `decode` returns, run by this caller, or by one of the same key who came before and is not done. Its failure
  // is everybody's, but not its end: when it was CANCELLED or threw, one of those who wait decodes. CANCELLED as soon
  // as `call` has ended. An empty key shares with nobody.
  absl::StatusOr<PreparedPicture> Join(const std::string& key, Call& call, Decode decode);

  // Callers that wait for another one's pixels now.
  std::size_t waiting() const;

 private:
  struct Flight {
    bool over = false;
    int waiting = 0;
    std::shared_ptr<const absl::StatusOr<PreparedPicture>> result;  // null when over: nobody has decoded it
  };

  absl::StatusOr<PreparedPicture> Lead(const std::string& key, const std::shared_ptr<Flight>& flight, Decode decode);
  void Land(const std::string& key, Flight& flight, const absl::StatusOr<PreparedPicture>* result);
  // Blocks until the flight is over or the call has ended.
  void Await(Flight& flight, Call& call) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeAll();

  mutable Mutex mutex_;
  CondVar changed_;
  absl::flat_hash_map<std::string, std::shared_ptr<Flight>> flights_ ABSL_GUARDED_BY(mutex_);  // by key; not over
};

}  // namespace lqvg::serving
