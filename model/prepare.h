// Everything of a query that can fail for one caller, done before the queue: what enters a batch is valid.
//
// Stateless and thread-safe. No torch.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "image/image.h"
#include "model/query.h"
#include "model/tokenizer.h"

namespace lqvg {

struct ExpressionLimits {
  int max_bytes = 4'096;  // UTF-8 bytes as sent
  int max_tokens = 512;   // with <s> and </s>
};

// Normalises and tokenises each expression. All faults are reported at once, as violations of "expressions[i]"; the
// status and reason are the first one's: MALFORMED_REQUEST (not UTF-8), EXPRESSION_EMPTY, EXPRESSION_TOO_LONG.
absl::StatusOr<std::vector<Expression>> PrepareExpressions(std::span<const std::string> expressions,
                                                           const Tokenizer& tokenizer, const ExpressionLimits& limits);

}  // namespace lqvg
