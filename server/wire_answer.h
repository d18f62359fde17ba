// Answers in the contract's words: what the pipeline and the model say -> the messages of the response.
//
// Stateless and thread-safe.
#pragma once

#include <string_view>

#include "lqvg/v1/grounding.pb.h"
#include "model/grounder.h"
#include "server/call.h"
#include "server/request_limits.h"

namespace lqvg::serving {

// `outcome.answer` is OK.
v1::GroundResponse ToGroundResponse(const CallOutcome& outcome, const ModelInfo& model, std::string_view request_id);

// What GetModel answers, less the server's version.
v1::GetModelResponse ToGetModelResponse(const ModelInfo& model, const RequestLimits& limits);

}  // namespace lqvg::serving
