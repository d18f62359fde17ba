#include "server/run_batch.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <exception>
#include <iterator>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "model/letterbox.h"

namespace lqvg::serving {
namespace {

// The distinct inputs of a batch, and which of them each pair is made of.
struct Plan {
  struct Pair {
    std::size_t image;
    std::size_t text;
  };
  std::vector<const Canvas*> canvases;
  std::vector<const Expression*> expressions;
  std::vector<Pair> pairs;                 // call by call, in the order of its expressions
  std::vector<std::size_t> image_of_call;  // index into canvases
  std::vector<int> calls_of_image;
};

// Index of `expression` among the distinct ones, at its end if it is new. A batch has few: a linear search will do.
std::size_t FindOrAdd(const Expression& expression, std::vector<const Expression*>& distinct) {
  const auto found = std::find_if(distinct.begin(), distinct.end(),
                                  [&](const Expression* other) { return other->token_ids == expression.token_ids; });
  const auto index = static_cast<std::size_t>(found - distinct.begin());
  if (found == distinct.end()) distinct.push_back(&expression);
  return index;
}

Plan MakePlan(std::span<const BatchItem> items) {
  Plan plan;
  for (std::size_t call = 0; call < items.size(); ++call) {
    const PreparedQuery& query = items[call].query;
    std::size_t image = plan.canvases.size();
    for (std::size_t earlier = 0; earlier < call && !query.image_key.empty(); ++earlier) {
      if (items[earlier].query.image_key == query.image_key) image = plan.image_of_call[earlier];
    }
    if (image == plan.canvases.size()) {
      plan.canvases.push_back(&query.canvas);
      plan.calls_of_image.push_back(0);
    }
    plan.image_of_call.push_back(image);
    ++plan.calls_of_image[image];
    for (const Expression& expression : query.expressions) {
      plan.pairs.push_back({.image = image, .text = FindOrAdd(expression, plan.expressions)});
    }
  }
  return plan;
}

absl::Status CheckCount(const char* what, std::size_t actual, std::size_t expected) {
  if (actual == expected) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the model returned ", actual, " ", what, " instead of ", expected));
}

absl::Status CheckNotAbandoned(std::span<const BatchItem> items) {
  const bool wanted = std::any_of(items.begin(), items.end(), [](const BatchItem& i) { return !i.call->finished(); });
  return wanted ? absl::OkStatus() : absl::CancelledError("every call of the batch ended before it was done");
}

double SecondsSince(TimePoint begun, const Clock& clock) {
  return std::chrono::duration<double>(clock.Now() - begun).count();
}

// One run of the model. Each step leaves what the next one needs in a member.
class ModelRun {
 public:
  ModelRun(Grounder& grounder, std::span<const BatchItem> items, const BatchLimits& limits, const Clock& clock)
      : grounder_(grounder),
        items_(items),
        step_(static_cast<std::size_t>(std::max(limits.max_expressions, 1))),
        clock_(clock),
        plan_(MakePlan(items)) {}

  const Plan& plan() const { return plan_; }

  absl::StatusOr<std::vector<Grounding>> Run(BatchReport& report) {
    if (absl::Status status = EncodeImages(report); !status.ok()) return status;
    if (absl::Status status = EncodeTexts(report); !status.ok()) return status;
    if (absl::Status status = Ground(report); !status.ok()) return status;
    return std::move(groundings_);
  }

 private:
  absl::Status EncodeImages(BatchReport& report) {
    const TimePoint begun = clock_.Now();
    auto images = grounder_.EncodeImages(plan_.canvases);
    report.image_seconds = SecondsSince(begun, clock_);
    if (!images.ok()) return images.status();
    images_ = *std::move(images);
    return CheckCount("image features", images_.size(), plan_.canvases.size());
  }

  absl::Status EncodeTexts(BatchReport& report) {
    const TimePoint begun = clock_.Now();
    const std::span<const Expression* const> all = plan_.expressions;
    for (std::size_t at = 0; at < all.size(); at += step_) {
      if (absl::Status status = CheckNotAbandoned(items_); !status.ok()) return status;
      const auto step = all.subspan(at, std::min(step_, all.size() - at));
      auto texts = grounder_.EncodeTexts(step);
      if (!texts.ok()) return texts.status();
      if (absl::Status status = CheckCount("text features", texts->size(), step.size()); !status.ok()) return status;
      std::move(texts->begin(), texts->end(), std::back_inserter(texts_));
    }
    report.text_seconds = SecondsSince(begun, clock_);
    return absl::OkStatus();
  }

  absl::Status Ground(BatchReport& report) {
    std::vector<GroundingPair> pairs;
    for (const Plan::Pair& pair : plan_.pairs) {
      pairs.push_back({.image = images_[pair.image].get(), .text = texts_[pair.text].get()});
    }
    const std::span<const GroundingPair> all = pairs;
    for (std::size_t at = 0; at < all.size(); at += step_) {
      if (absl::Status status = CheckNotAbandoned(items_); !status.ok()) return status;
      const auto step = all.subspan(at, std::min(step_, all.size() - at));
      absl::StatusOr<GroundingBatch> batch = grounder_.Ground(step);
      if (!batch.ok()) return batch.status();
      if (absl::Status status = CheckCount("answers", batch->groundings.size(), step.size()); !status.ok()) {
        return status;
      }
      std::move(batch->groundings.begin(), batch->groundings.end(), std::back_inserter(groundings_));
      report.fusion_seconds += batch->fusion_seconds;
      report.transformer_seconds += batch->transformer_seconds;
    }
    return absl::OkStatus();
  }

  Grounder& grounder_;
  const std::span<const BatchItem> items_;
  const std::size_t step_;  // expressions at once
  const Clock& clock_;
  const Plan plan_;
  std::vector<std::shared_ptr<const ImageFeatures>> images_;  // as plan_.canvases
  std::vector<std::shared_ptr<const TextFeatures>> texts_;    // as plan_.expressions
  std::vector<Grounding> groundings_;                         // as plan_.pairs
};

bool IsFinite(const Grounding& grounding) {
  return std::all_of(grounding.candidates.begin(), grounding.candidates.end(), [](const Candidate& candidate) {
    return std::isfinite(candidate.logit) && std::all_of(candidate.cxcywh.begin(), candidate.cxcywh.end(),
                                                         [](float value) { return std::isfinite(value); });
  });
}

// One call's answer from its own groundings.
absl::StatusOr<GroundAnswer> ToAnswer(const PreparedQuery& query, std::span<const Grounding> groundings,
                                      std::size_t num_queries) {
  GroundAnswer answer = query.answer;
  absl::Status failure;
  bool any_ok = false;
  for (const Grounding& grounding : groundings) {
    if (grounding.candidates.size() != num_queries || !IsFinite(grounding)) {
      failure = Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", "the model's output is not usable");
      answer.results.emplace_back(failure);
      continue;
    }
    any_ok = true;
    answer.results.emplace_back(Answer(grounding, query.canvas.placement, query.canvas.side, query.answer_options));
  }
  if (!any_ok) return failure;
  return answer;
}

absl::Status RunOrThrow(Grounder& grounder, std::span<const BatchItem> items, const BatchLimits& limits,
                        const Clock& clock, BatchResult& result) {
  ModelRun run(grounder, items, limits, clock);
  const Plan& plan = run.plan();
  result.report.images = static_cast<int>(plan.canvases.size());
  result.report.expressions = static_cast<int>(plan.pairs.size());
  const absl::StatusOr<std::vector<Grounding>> groundings = run.Run(result.report);
  if (!groundings.ok()) return groundings.status();

  const auto num_queries = static_cast<std::size_t>(grounder.info().num_queries);
  std::span<const Grounding> rest = *groundings;
  for (std::size_t call = 0; call < items.size(); ++call) {
    const PreparedQuery& query = items[call].query;
    absl::StatusOr<GroundAnswer> answer = ToAnswer(query, rest.first(query.expressions.size()), num_queries);
    rest = rest.subspan(query.expressions.size());
    if (answer.ok()) {
      answer->batch_images = result.report.images;
      answer->batch_expressions = result.report.expressions;
      answer->image_shared = plan.calls_of_image[plan.image_of_call[call]] > 1;
    }
    result.answers.push_back(std::move(answer));
  }
  return absl::OkStatus();
}

}  // namespace

BatchResult RunBatch(Grounder& grounder, std::span<const BatchItem> items, const BatchLimits& limits, TimePoint began,
                     const Clock& clock) {
  BatchResult result;
  BatchReport& report = result.report;
  report.calls = static_cast<int>(items.size());
  // Counted from the calls themselves, whatever the queue thought of them when it let them through.
  report.expired_executed = static_cast<int>(
      std::count_if(items.begin(), items.end(), [&](const BatchItem& item) { return item.call->deadline() <= began; }));
  try {
    report.status = RunOrThrow(grounder, items, limits, clock, result);
  } catch (const std::bad_alloc&) {
    report.status = Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "no memory to run the model");
  } catch (const std::exception& error) {
    report.status = absl::InternalError(absl::StrCat("exception: ", error.what()));
  } catch (...) {
    report.status = absl::InternalError("exception of unknown type");
  }
  if (!report.status.ok()) result.answers.clear();
  return result;
}

}  // namespace lqvg::serving
