// Any bytes as a ModelInferRequest -> ParseModelInferRequest, up to where its parts would begin.
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "google/protobuf/stubs/logging.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "inference/grpc_predict_v2.pb.h"
#include "server/oip_wire.h"
#include "server/wire.h"
#include "server/wire_status.h"
#include "tests/fuzz/fuzz_target.h"

namespace lqvg::serving {
namespace {

using fuzz::Require;

constexpr int kMaxExpressions = 4;
constexpr int kMaxExpressionBytes = 256;

absl::StatusOr<InferQuery> Parse(std::string_view bytes) {
  static const ModelInfo model = {.name = "demo",
                                  .digest = std::string(64, 'd'),
                                  .input_size = 32,
                                  .num_queries = 10,
                                  .max_tokens = 77,
                                  .device = "cpu",
                                  .precision = "fp32"};
  static const RequestLimits limits = {.max_expressions = kMaxExpressions, .max_expression_bytes = kMaxExpressionBytes};
  const grpc::Slice slice(bytes.data(), bytes.size());
  grpc::ByteBuffer buffer(&slice, 1);
  return ParseModelInferRequest(buffer, limits, model, "fallback");
}

void RequireValid(const InferQuery& infer) {
  const InferLayout& layout = infer.layout;
  std::set<std::string> pictures;
  std::size_t expressions = 0;
  for (const GroundQuery& query : infer.queries) {
    Require(query.request_id == layout.request_id && IsIdentifier(query.request_id),
            "every query has the request's id");
    Require(!std::get<std::string>(query.image).empty(), "a file is not empty");
    Require(pictures.insert(std::get<std::string>(query.image)).second, "no two queries have the same picture");
    Require(!query.expressions.empty(), "a query asks for something");
    for (const std::string& expression : query.expressions) {
      Require(expression.size() <= kMaxExpressionBytes, "an expression is within the limit");
    }
    expressions += query.expressions.size();
  }
  Require(expressions >= 1 && expressions <= kMaxExpressions, "the number of expressions is within the limit");
  std::set<std::pair<std::size_t, std::size_t>> places;
  for (const InferLayout::Place& place : layout.places) {
    Require(place.query < infer.queries.size() && place.expression < infer.queries[place.query].expressions.size(),
            "every place is an expression's");
    places.emplace(place.query, place.expression);
  }
  Require(layout.places.size() == expressions && places.size() == expressions, "every expression has one place");
  Require(layout.images.size() == infer.queries.size(), "every query's picture has a place");
  for (const std::size_t image : layout.images) Require(image < expressions, "and it is within the input");
  Require(!layout.outputs.empty() && layout.outputs.size() <= 2, "one or two outputs are asked for");
  Require(!infer.timeout || *infer.timeout > Duration::zero(), "a timeout is a time");
}

void Receive(std::string_view bytes) {
  const absl::StatusOr<InferQuery> infer = Parse(bytes);
  if (!infer.ok()) {
    fuzz::RequireRejection(infer.status());
    Require(IsIdentifier(RequestIdOf(infer.status())), "a rejection names its request");
    return;
  }
  RequireValid(*infer);
}

}  // namespace
}  // namespace lqvg::serving

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // As the server does: else protobuf prints a line for each message that does not parse.
  static google::protobuf::LogHandler* const silent = google::protobuf::SetLogHandler(nullptr);
  static_cast<void>(silent);
  lqvg::serving::Receive({reinterpret_cast<const char*>(data), size});
  return 0;
}
