// One Ground call inside the server, free of the transport: what is asked, how long it may take, how it ends.
//
// A Call is shared by whoever may end it: the stage that works on it, the deadline watch, the transport's cancellation.
// The first of them wins, gives the admission slot back and runs `done`, exactly once; the others do nothing.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "image/image.h"
#include "model/query.h"
#include "server/admission.h"
#include "server/clock.h"
#include "server/mutex.h"

namespace lqvg::serving {

// Names a picture whose bytes were sent before.
struct ImageDigest {
  std::string sha256;  // 32 bytes
};

// A parsed and validated request: plain values, no proto.
struct GroundQuery {
  std::string request_id = {};                               // never empty
  std::variant<std::string, Image, ImageDigest> image = {};  // encoded bytes, raw pixels, or what names such bytes
  bool apply_exif_orientation = false;
  std::vector<std::string> expressions = {};  // as sent, at least one
  int max_boxes = 1;
  float min_score = 0.0f;  // 0: no filter
  bool clip_boxes = false;
  bool bypass_caches = false;
  std::string client = {};                 // its name on the list of clients; empty: everybody may call
  std::optional<TimePoint> deadline = {};  // named in the request itself: rules if it is before the call's
};

// Where one call's time went. Set stage by stage, read once at the end.
struct StageTimes {
  Duration parse{}, pool_queue{}, decode{}, prepare{}, batch_queue{}, model{};
};

// What the image cache did for a call.
enum class ImageCacheOutcome {
  kOff,     // nothing: it is off, or the call has no use for it
  kMiss,    // the picture's share of the work was done for this call
  kHit,     // it had been done before
  kShared,  // it was done once for several calls of the batch
};

// The answer to a call that did not fail as a whole.
struct GroundAnswer {
  std::vector<absl::StatusOr<std::vector<Box>>> results = {};  // one per expression, in order; best box first
  int image_width = 0, image_height = 0;                       // pixels
  bool alpha_dropped = false, cmyk_converted = false, orientation_ignored = false, orientation_applied = false;
  std::string image_digest = {};  // 32 bytes, empty for raw pixels
  int batch_images = 0, batch_expressions = 0;
  ImageCacheOutcome image_cache = ImageCacheOutcome::kOff;
  int text_cache_hits = 0, response_cache_hits = 0;  // expressions
  bool image_retained = false;                       // asking by image_digest works now
};

// How a call ended, handed to `done` together with what was measured on the way.
struct CallOutcome {
  absl::StatusOr<GroundAnswer> answer;
  StageTimes times;
  Duration total{};        // from arrival to the end
  Duration slack{};        // from the end to the deadline; not above 0 when that had passed
  std::string request_id;  // empty when the call ended before it was parsed
};

// Thread-safe. Nothing here blocks, except that ending a call runs its `done` on the caller's thread.
class Call {
 public:
  using Parse = absl::AnyInvocable<absl::StatusOr<GroundQuery>()>;
  using Done = absl::AnyInvocable<void(CallOutcome)>;
  using Rest = absl::AnyInvocable<void(const std::shared_ptr<Call>& call)>;

  // Times are read from `clock`, which outlives the call. `done` must not throw or block. An empty `slot` is allowed:
  // such a call was refused and is about to be finished.
  Call(const Clock& clock, TimePoint deadline, Parse parse, Done done, AdmissionSlot slot);
  // Ends an unfinished call with INTERNAL, INTERNAL_ERROR: whoever loses the last reference, the caller gets an answer.
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  TimePoint arrival() const { return arrival_; }
  TimePoint deadline() const { return deadline_.load(std::memory_order_acquire); }
  bool finished() const { return state_.load(std::memory_order_acquire) == State::kFinished; }

  // Each ends the call; true when this one did. `done` has run when the winner's returns.
  bool Finish(absl::StatusOr<GroundAnswer> answer);
  // CANCELLED, CLIENT_CANCELLED: the caller left.
  bool Cancel();
  // DEADLINE_EXCEEDED: EXPIRED_IN_QUEUE before the model began with the call, EXPIRED_WHILE_RUNNING after.
  bool Expire();

  // Brings the deadline forward; a later one is ignored. For the thread that has taken the parse.
  void Shorten(TimePoint deadline);
  // What turns the request's bytes into a query: handed out once, empty after that or when the call is finished.
  Parse TakeParse();
  // Leaves what is still to be done for the call, and what that holds, until another thread takes it. Freed, and not
  // run, when the call ends before that.
  void Park(Rest rest);
  // Handed out once; empty when there is none or the call is finished.
  Rest TakeParked();
  // `wake` runs when the call ends, on the thread that ends it, at most once; a later WakeAtEnd replaces it, null
  // forgets it. It may still run after that if the call is ending right then, but not after the call's place in the
  // server is given back for good. Does nothing once the call is finished.
  void WakeAtEnd(absl::AnyInvocable<void()> wake);
  // Says that the model begins with the call. False when it is finished: then it must not run.
  bool BeginExecuting();
  // Notes what a stage found out; ignored once the call is finished. E.g. Record(&StageTimes::decode, elapsed).
  void Record(Duration StageTimes::*stage, Duration elapsed);
  void RecordRequestId(std::string request_id);

 private:
  enum class State { kWaiting, kExecuting, kFinished };

  void Conclude(absl::StatusOr<GroundAnswer> answer);

  const Clock& clock_;
  const TimePoint arrival_;
  std::atomic<TimePoint> deadline_;
  std::atomic<State> state_ = State::kWaiting;
  Done done_;  // touched by the winner alone

  Mutex mutex_;
  Parse parse_ ABSL_GUARDED_BY(mutex_);
  Rest parked_ ABSL_GUARDED_BY(mutex_);
  absl::AnyInvocable<void()> wake_ ABSL_GUARDED_BY(mutex_);
  AdmissionSlot slot_ ABSL_GUARDED_BY(mutex_);
  StageTimes times_ ABSL_GUARDED_BY(mutex_);
  std::string request_id_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace lqvg::serving
