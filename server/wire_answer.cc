#include "server/wire_answer.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/wire_status.h"

namespace lqvg::serving {
namespace {

void SetDuration(Duration duration, google::protobuf::Duration* out) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration);
  out->set_seconds(seconds.count());
  out->set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(duration - seconds).count()));
}

v1::CacheOutcome ToCacheOutcome(ImageCacheOutcome outcome) {
  switch (outcome) {
    case ImageCacheOutcome::kOff:
      return v1::CACHE_OUTCOME_OFF;
    case ImageCacheOutcome::kMiss:
      return v1::CACHE_OUTCOME_MISS;
    case ImageCacheOutcome::kHit:
      return v1::CACHE_OUTCOME_HIT;
    case ImageCacheOutcome::kShared:
      return v1::CACHE_OUTCOME_SHARED;
  }
  return v1::CACHE_OUTCOME_UNSPECIFIED;
}

void SetReceipt(const CallOutcome& outcome, v1::Receipt* receipt) {
  const StageTimes& times = outcome.times;
  const GroundAnswer& answer = *outcome.answer;
  SetDuration(times.pool_queue + times.batch_queue, receipt->mutable_queue_time());
  SetDuration(times.decode + times.prepare, receipt->mutable_decode_time());
  SetDuration(times.model, receipt->mutable_model_time());
  SetDuration(outcome.total, receipt->mutable_total_time());
  receipt->set_batch_images(static_cast<std::uint32_t>(answer.batch_images));
  receipt->set_batch_expressions(static_cast<std::uint32_t>(answer.batch_expressions));
  receipt->set_image_cache(ToCacheOutcome(answer.image_cache));
  receipt->set_text_cache_hits(static_cast<std::uint32_t>(answer.text_cache_hits));
  receipt->set_response_cache_hits(static_cast<std::uint32_t>(answer.response_cache_hits));
}

void SetNotes(const GroundAnswer& answer, v1::GroundResponse* response) {
  if (answer.alpha_dropped) response->add_image_notes(v1::IMAGE_NOTE_ALPHA_DROPPED);
  if (answer.cmyk_converted) response->add_image_notes(v1::IMAGE_NOTE_CMYK_CONVERTED);
  if (answer.orientation_ignored) response->add_image_notes(v1::IMAGE_NOTE_ORIENTATION_IGNORED);
  if (answer.orientation_applied) response->add_image_notes(v1::IMAGE_NOTE_ORIENTATION_APPLIED);
}

void SetModelId(const ModelInfo& model, v1::ModelId* id) {
  id->set_name(model.name);
  id->set_digest(model.digest);
}

void SetBoxes(const std::vector<Box>& boxes, v1::Result* result) {
  for (const Box& box : boxes) {
    v1::Box* const out = result->add_boxes();
    out->set_x_min(box.x_min);
    out->set_y_min(box.y_min);
    out->set_x_max(box.x_max);
    out->set_y_max(box.y_max);
    out->set_score(box.score);
  }
}

}  // namespace

v1::GroundResponse ToGroundResponse(const CallOutcome& outcome, const ModelInfo& model, std::string_view request_id) {
  const GroundAnswer& answer = *outcome.answer;
  v1::GroundResponse response;
  for (const absl::StatusOr<std::vector<Box>>& boxes : answer.results) {
    v1::Result* const result = response.add_results();
    if (boxes.ok()) {
      SetBoxes(*boxes, result);
    } else {
      *result->mutable_error() = ToRpcStatus(boxes.status(), request_id);
    }
  }
  response.set_image_width(static_cast<std::uint32_t>(answer.image_width));
  response.set_image_height(static_cast<std::uint32_t>(answer.image_height));
  SetModelId(model, response.mutable_model());
  SetReceipt(outcome, response.mutable_receipt());
  response.set_request_id(std::string(request_id));
  response.set_image_digest(answer.image_digest);
  response.set_image_retained(answer.image_retained);
  SetNotes(answer, &response);
  return response;
}

v1::GetModelResponse ToGetModelResponse(const ModelInfo& model, const RequestLimits& limits) {
  v1::GetModelResponse response;
  SetModelId(model, response.mutable_model());
  response.set_input_size(static_cast<std::uint32_t>(model.input_size));
  response.set_num_queries(static_cast<std::uint32_t>(model.num_queries));
  response.set_device(model.device);
  response.set_precision(model.precision);
  v1::Limits* const out = response.mutable_limits();
  out->set_max_request_bytes(limits.max_request_bytes);
  out->set_max_image_pixels(limits.image.max_pixels);
  out->set_max_image_side(static_cast<std::uint32_t>(limits.image.max_side));
  out->set_min_image_side(static_cast<std::uint32_t>(limits.image.min_side));
  out->set_max_expressions(static_cast<std::uint32_t>(limits.max_expressions));
  out->set_max_expression_bytes(static_cast<std::uint32_t>(limits.max_expression_bytes));
  out->set_max_tokens(static_cast<std::uint32_t>(model.max_tokens));
  out->set_max_boxes(static_cast<std::uint32_t>(model.num_queries));
  return response;
}

}  // namespace lqvg::serving
