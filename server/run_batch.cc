#include "server/run_batch.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "server/batch_plan.h"
#include "server/caches.h"
#include "server/make_answer.h"

namespace lqvg::serving {
namespace {

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

// Whether a model of `num_queries` can have meant it.
bool IsUsable(const Grounding& grounding, std::size_t num_queries) {
  return grounding.candidates.size() == num_queries &&
         std::all_of(grounding.candidates.begin(), grounding.candidates.end(), [](const Candidate& candidate) {
           return std::isfinite(candidate.logit) && std::all_of(candidate.cxcywh.begin(), candidate.cxcywh.end(),
                                                                [](float value) { return std::isfinite(value); });
         });
}

// One run of the model: what the caches know is looked up, the rest is computed, and kept.
class ModelRun {
 public:
  ModelRun(Grounder& grounder, std::span<const BatchItem> items, const BatchLimits& limits, const Clock& clock,
           Caches& caches)
      : grounder_(grounder),
        items_(items),
        step_(static_cast<std::size_t>(std::max(limits.max_expressions, 1))),
        clock_(clock),
        caches_(caches),
        plan_(PlanBatch(QueriesOf(items))) {}

  absl::Status Run(BatchReport& report) {
    LookUp();
    const auto missing = [](const auto& part) { return part.missing(); };
    report.images = static_cast<int>(std::count_if(plan_.images.begin(), plan_.images.end(), missing));
    report.expressions = static_cast<int>(std::count_if(plan_.pairs.begin(), plan_.pairs.end(), missing));
    if (absl::Status status = EncodeImages(report); !status.ok()) return status;
    if (absl::Status status = EncodeTexts(report); !status.ok()) return status;
    if (absl::Status status = Ground(report); !status.ok()) return status;
    Keep();
    return absl::OkStatus();
  }

  // After Run.
  std::vector<absl::StatusOr<GroundAnswer>> Answers() const {
    std::vector<absl::StatusOr<GroundAnswer>> answers;
    for (const BatchPlan::CallPart& call : plan_.calls) answers.push_back(AnswerTo(call));
    return answers;
  }

 private:
  static std::vector<const PreparedQuery*> QueriesOf(std::span<const BatchItem> items) {
    std::vector<const PreparedQuery*> queries;
    for (const BatchItem& item : items) queries.push_back(&item.query);
    return queries;
  }

  // Once more than when the calls were prepared: an earlier batch may have computed it meanwhile, so that of calls that
  // ask the same at the same time all but the first batch's wait for that and run nothing.
  void LookUp() {
    for (BatchPlan::Pair& pair : plan_.pairs) {
      if (pair.missing()) LookUp(pair);
      if (!pair.missing()) continue;
      plan_.images[pair.image].needed = true;
      plan_.texts[pair.text].needed = true;
    }
    for (BatchPlan::Image& image : plan_.images) {
      if (!image.missing() || !image.cacheable) continue;
      if (std::optional<CachedImage> cached = caches_.images.Find(image.query->image_key, image.query->client)) {
        image.features = std::move(cached->features);
      } else {
        caches_.images.CountMiss();
      }
    }
    for (BatchPlan::Text& text : plan_.texts) {
      if (!text.missing() || !text.cacheable) continue;
      text.features = caches_.texts.Find(*text.expression);
      if (text.features == nullptr) caches_.texts.CountMiss();
    }
  }

  void LookUp(BatchPlan::Pair& pair) {
    const BatchPlan::Image& image = plan_.images[pair.image];
    if (!image.cacheable) return;
    const auto cached = caches_.responses.Find(image.query->image_key, *plan_.texts[pair.text].expression);
    if (cached == nullptr) {
      caches_.responses.CountMiss();
      return;
    }
    pair.grounding = {cached, &cached->grounding};
    pair.cached = true;
  }

  absl::Status EncodeImages(BatchReport& report) {
    std::vector<BatchPlan::Image*> missing;
    std::vector<const Canvas*> canvases;
    for (BatchPlan::Image& image : plan_.images) {
      if (!image.missing()) continue;
      missing.push_back(&image);
      canvases.push_back(&image.query->canvas);
    }
    if (missing.empty()) return absl::OkStatus();
    const TimePoint begun = clock_.Now();
    auto features = grounder_.EncodeImages(canvases);
    report.image_seconds = SecondsSince(begun, clock_);
    if (!features.ok()) return features.status();
    if (absl::Status status = CheckCount("image features", features->size(), missing.size()); !status.ok()) {
      return status;
    }
    for (std::size_t i = 0; i < missing.size(); ++i) {
      missing[i]->features = std::move((*features)[i]);
      missing[i]->computed = true;
    }
    return absl::OkStatus();
  }

  absl::Status EncodeTexts(BatchReport& report) {
    std::vector<BatchPlan::Text*> missing;
    std::vector<const Expression*> expressions;
    for (BatchPlan::Text& text : plan_.texts) {
      if (!text.missing()) continue;
      missing.push_back(&text);
      expressions.push_back(text.expression);
    }
    const TimePoint begun = clock_.Now();
    const std::span<const Expression* const> all = expressions;
    for (std::size_t at = 0; at < all.size(); at += step_) {
      if (absl::Status status = CheckNotAbandoned(items_); !status.ok()) return status;
      const auto step = all.subspan(at, std::min(step_, all.size() - at));
      auto texts = grounder_.EncodeTexts(step);
      if (!texts.ok()) return texts.status();
      if (absl::Status status = CheckCount("text features", texts->size(), step.size()); !status.ok()) return status;
      for (std::size_t i = 0; i < step.size(); ++i) {
        missing[at + i]->features = std::move((*texts)[i]);
        missing[at + i]->computed = true;
      }
    }
    report.text_seconds = SecondsSince(begun, clock_);
    return absl::OkStatus();
  }

  absl::Status Ground(BatchReport& report) {
    std::vector<BatchPlan::Pair*> missing;
    std::vector<GroundingPair> pairs;
    for (BatchPlan::Pair& pair : plan_.pairs) {
      if (!pair.missing()) continue;
      missing.push_back(&pair);
      pairs.push_back(
          {.image = plan_.images[pair.image].features.get(), .text = plan_.texts[pair.text].features.get()});
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
      for (std::size_t i = 0; i < step.size(); ++i) TakeOver(std::move(batch->groundings[i]), *missing[at + i]);
      report.fusion_seconds += batch->fusion_seconds;
      report.transformer_seconds += batch->transformer_seconds;
    }
    return absl::OkStatus();
  }

  void TakeOver(Grounding grounding, BatchPlan::Pair& pair) {
    if (!IsUsable(grounding, static_cast<std::size_t>(grounder_.info().num_queries))) return;
    pair.grounding = std::make_shared<const Grounding>(std::move(grounding));
    plan_.images[pair.image].healthy = true;
    plan_.texts[pair.text].healthy = true;
  }

  // Features are opaque: whether they are finite shows in what becomes of them. Without a usable grounding they are not
  // kept, or a fault that passes would stay.
  void Keep() {
    for (const BatchPlan::Text& text : plan_.texts) {
      if (text.cacheable && text.computed && text.healthy) caches_.texts.Insert(*text.expression, text.features);
    }
    std::vector<std::shared_ptr<const PictureFacts>> facts;  // as plan_.images
    for (const BatchPlan::Image& image : plan_.images) {
      facts.push_back(image.cacheable ? std::make_shared<const PictureFacts>(FactsOf(*image.query)) : nullptr);
    }
    for (const BatchPlan::Pair& pair : plan_.pairs) {
      if (pair.cached || pair.grounding == nullptr || facts[pair.image] == nullptr) continue;
      caches_.responses.Insert(
          plan_.images[pair.image].query->image_key, *plan_.texts[pair.text].expression,
          std::make_shared<const CachedResponse>(CachedResponse{*pair.grounding, facts[pair.image]}));
    }
    for (const BatchPlan::CallPart& call : plan_.calls) {
      const BatchPlan::Image& image = plan_.images[call.image];
      // What was cached before is put back if it was evicted since: it was used just now.
      if (!image.cacheable || image.features == nullptr || (image.computed && !image.healthy)) continue;
      caches_.images.Insert(image.query->image_key, {image.features, facts[call.image]}, call.query->client);
    }
  }

  absl::StatusOr<GroundAnswer> AnswerTo(const BatchPlan::CallPart& call) const {
    std::vector<const Grounding*> groundings;
    int text_hits = 0;
    int response_hits = 0;
    for (const std::size_t index : call.pairs) {
      const BatchPlan::Pair& pair = plan_.pairs[index];
      const BatchPlan::Text& text = plan_.texts[pair.text];
      groundings.push_back(pair.grounding.get());
      if (pair.cached) ++response_hits;
      if (!pair.cached && !text.computed) ++text_hits;
    }
    absl::StatusOr<GroundAnswer> answer = MakeAnswer(*call.query, groundings);
    if (!answer.ok()) return answer;
    const BatchPlan::Image& image = plan_.images[call.image];
    answer->batch_images = static_cast<int>(plan_.images.size());
    answer->batch_expressions = plan_.expressions;
    answer->image_cache = OutcomeOf(image);
    answer->text_cache_hits = text_hits;
    answer->response_cache_hits = response_hits;
    answer->image_retained = image.cacheable && caches_.images.Retains(image.query->image_key, call.query->client);
    return answer;
  }

  ImageCacheOutcome OutcomeOf(const BatchPlan::Image& image) const {
    if (image.query->bypass_caches) return ImageCacheOutcome::kOff;
    const bool off = !image.cacheable || !caches_.images.enabled();
    if (!off && !image.computed) return ImageCacheOutcome::kHit;
    if (image.calls > 1) return ImageCacheOutcome::kShared;
    return off ? ImageCacheOutcome::kOff : ImageCacheOutcome::kMiss;
  }

  Grounder& grounder_;
  const std::span<const BatchItem> items_;
  const std::size_t step_;  // expressions at once
  const Clock& clock_;
  Caches& caches_;
  BatchPlan plan_;
};

absl::Status RunOrThrow(Grounder& grounder, std::span<const BatchItem> items, const BatchLimits& limits,
                        const Clock& clock, Caches& caches, BatchResult& result) {
  ModelRun run(grounder, items, limits, clock, caches);
  if (absl::Status status = run.Run(result.report); !status.ok()) return status;
  result.answers = run.Answers();
  return absl::OkStatus();
}

}  // namespace

BatchResult RunBatch(Grounder& grounder, std::span<const BatchItem> items, const BatchLimits& limits, TimePoint began,
                     const Clock& clock, Caches* caches) {
  std::optional<Caches> none;
  Caches& used = caches == nullptr ? none.emplace(kNoCaches) : *caches;
  BatchResult result;
  BatchReport& report = result.report;
  report.calls = static_cast<int>(items.size());
  // Counted from the calls themselves, whatever the queue thought of them when it let them through.
  report.expired_executed = static_cast<int>(
      std::count_if(items.begin(), items.end(), [&](const BatchItem& item) { return item.call->deadline() <= began; }));
  try {
    report.status = RunOrThrow(grounder, items, limits, clock, used, result);
  } catch (const std::bad_alloc&) {
    report.status = Reject(absl::StatusCode::kResourceExhausted, "DEVICE_MEMORY", "no memory to run the model");
  } catch (const std::exception& error) {
    report.status = absl::InternalError(absl::StrCat("exception: ", error.what()));
  } catch (...) {
    report.status = absl::InternalError("exception of unknown type");
  }
  if (!report.status.ok()) result.answers.clear();
  if (ReasonOf(report.status) == "DEVICE_MEMORY") {
    used.images.Clear();
    used.texts.Clear();
  }
  return result;
}

}  // namespace lqvg::serving
