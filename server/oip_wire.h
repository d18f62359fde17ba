// Requests of the Open Inference Protocol (proto/inference): bytes -> the plain structs of serving. oip_wire_answer
// leads the other way.
//
// Stateless and thread-safe. Parsing copies the request's bytes twice, never more than two copies at once; nothing is
// decoded.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message_lite.h"
#include "grpcpp/support/byte_buffer.h"
#include "model/grounder.h"
#include "server/call.h"
#include "server/clock.h"
#include "server/request_limits.h"

namespace lqvg::serving {

// The one version of the model that there is.
inline constexpr char kModelVersion[] = "1";

inline constexpr char kImageTensor[] = "IMAGE";
inline constexpr char kExpressionTensor[] = "EXPRESSION";
inline constexpr char kBoxesTensor[] = "BOXES";
inline constexpr char kScoresTensor[] = "SCORES";

enum class InferOutput { kBoxes, kScores };

// How the queries' answers become one response.
struct InferLayout {
  struct Place {
    std::size_t query = 0;
    std::size_t expression = 0;  // of that query
  };

  std::string id;                    // as the request has it: echoed
  std::string request_id;            // that id if it is an identifier, else the fallback
  std::vector<Place> places;         // of each expression, in the order asked
  std::vector<std::size_t> images;   // of each query: the first element of IMAGE that is its picture
  std::vector<InferOutput> outputs;  // in the order asked
};

// A parsed and validated ModelInferRequest.
struct InferQuery {
  std::vector<GroundQuery> queries;  // one for each different picture, in order of appearance; without deadline
  InferLayout layout;
  std::optional<Duration> timeout;  // above 0, at most 24 hours
};

// How errors call an element of an input: "inputs[IMAGE][3]".
std::string ElementField(const char* tensor, std::size_t element);

// Turns the bytes of a ModelInferRequest, which it empties, into queries. Their request id is the request's `id` if
// that is an identifier, else `fallback_request_id`. A rejection carries that id (RequestIdOf) and all faults as
// violations:
//   INVALID_ARGUMENT MALFORMED_REQUEST, FIELD_REQUIRED, TOO_MANY_EXPRESSIONS, EXPRESSION_TOO_LONG,
//                    PARAMETER_OUT_OF_RANGE; the status and reason are the first fault's
//   NOT_FOUND        MODEL_NOT_FOUND
absl::StatusOr<InferQuery> ParseModelInferRequest(grpc::ByteBuffer& bytes, const RequestLimits& limits,
                                                  const ModelInfo& model, std::string_view fallback_request_id);

// Fills one of the protocol's small messages, whose type is called `type`. INVALID_ARGUMENT, MALFORMED_REQUEST, also
// for what is too long to be one.
absl::Status ParseSmallRequest(const grpc::ByteBuffer& bytes, std::string_view type,
                               google::protobuf::MessageLite& message);

// NOT_FOUND, MODEL_NOT_FOUND, for a model or a version that is not served here; the fields are where they came in.
absl::Status CheckServed(const std::string& name, const std::string& version, const ModelInfo& model,
                         const std::string& name_field, const std::string& version_field);

}  // namespace lqvg::serving
