// Answers in the Open Inference Protocol's words (proto/inference).
//
// Stateless and thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "inference/grpc_predict_v2.pb.h"
#include "model/grounder.h"
#include "server/call.h"
#include "server/oip_wire.h"

namespace lqvg::serving {

// What is wrong with query number `query`, in terms of the request that it came from.
absl::Status InTermsOfInfer(const absl::Status& rejection, const InferLayout& layout, std::size_t query);

// `parts` are the answers to the queries, in order, all OK and every expression answered.
inference::ModelInferResponse ToModelInferResponse(const std::vector<CallOutcome>& parts, const InferLayout& layout,
                                                   const ModelInfo& model);

// What ModelMetadata answers.
inference::ModelMetadataResponse ToModelMetadataResponse(const ModelInfo& model);

}  // namespace lqvg::serving
