// Several calls of the pipeline that are one for whoever asked: every expression of every part is answered, or the
// first failure ends the other parts. Knows no transport.
//
// How many parts there are is in the request, which the pool reads: so reading it is the first part's parse, and starts
// the others. Until then there is one part, which is admitted with the request's bytes; each further one needs a place
// of its own and is counted with its picture. All have the same deadline and the same caller.
//
// Shared by its parts and by who started it. Thread-safe; never blocks.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "server/call.h"
#include "server/clock.h"
#include "server/mutex.h"
#include "server/pipeline.h"

namespace lqvg::serving {

struct JointOutcome {
  std::vector<CallOutcome> parts;     // in order of the queries; one if the request was never read
  std::optional<std::size_t> failed;  // whose answer is the error; what the others then are means nothing
};

class JointCall : public std::enable_shared_from_this<JointCall> {
 public:
  struct Request {
    // As CallRequest's. At least one query.
    absl::AnyInvocable<absl::StatusOr<std::vector<GroundQuery>>()> parse;
    absl::AnyInvocable<void(JointOutcome)> done;
    std::optional<TimePoint> deadline = {};  // unset: the pipeline's default
    std::size_t bytes = 0;                   // of the whole request
    std::string caller = {};                 // whom the places are counted for
  };

  // Begins it; `pipeline` is where all parts go. `done` may have run when it returns.
  static std::shared_ptr<JointCall> Start(Pipeline& pipeline, Request request);

  // CANCELLED, CLIENT_CANCELLED: the caller left. Every part ends.
  void Cancel();

 private:
  using Parse = absl::AnyInvocable<absl::StatusOr<std::vector<GroundQuery>>()>;

  JointCall(Pipeline& pipeline, Request request);

  // The first part's parse: the seam where one call becomes several.
  absl::StatusOr<GroundQuery> Read(Parse& parse);
  // From now on there are `parts`. False if it has ended: then nothing must be started.
  bool Expect(std::size_t parts);
  void StartPart(std::size_t part, CallRequest request);
  void End(std::size_t part, CallOutcome outcome);

  Pipeline& pipeline_;
  const std::optional<TimePoint> deadline_;
  const std::string caller_;

  Mutex mutex_;
  absl::AnyInvocable<void(JointOutcome)> done_ ABSL_GUARDED_BY(mutex_);  // null: it has ended
  std::vector<std::shared_ptr<Call>> calls_ ABSL_GUARDED_BY(mutex_);     // that were started
  std::vector<CallOutcome> parts_ ABSL_GUARDED_BY(mutex_);
  std::size_t unanswered_ ABSL_GUARDED_BY(mutex_) = 1;  // parts
};

}  // namespace lqvg::serving
