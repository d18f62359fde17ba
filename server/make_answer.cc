#include "server/make_answer.h"

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "image/rejection.h"
#include "model/letterbox.h"

namespace lqvg::serving {

absl::StatusOr<GroundAnswer> MakeAnswer(const PreparedQuery& query, std::span<const Grounding* const> groundings) {
  GroundAnswer answer = query.answer;
  absl::Status failure;
  bool any_ok = false;
  for (const Grounding* const grounding : groundings) {
    if (grounding == nullptr) {
      failure = Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", "the model's output is not usable");
      answer.results.emplace_back(failure);
      continue;
    }
    any_ok = true;
    answer.results.emplace_back(Answer(*grounding, query.canvas.placement, query.canvas.side, query.answer_options));
  }
  if (!any_ok) return failure;
  return answer;
}

absl::StatusOr<GroundAnswer> AnswerFromCache(const PreparedQuery& query) {
  std::vector<const Grounding*> groundings;
  for (const std::shared_ptr<const Grounding>& known : query.known) groundings.push_back(known.get());
  absl::StatusOr<GroundAnswer> answer = MakeAnswer(query, groundings);
  if (answer.ok()) answer->response_cache_hits = static_cast<int>(groundings.size());
  return answer;
}

}  // namespace lqvg::serving
