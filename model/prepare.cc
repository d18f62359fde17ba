#include "model/prepare.h"

#include <cstddef>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/rejection.h"

namespace lqvg {
namespace {

absl::Status RejectExpression(std::string_view reason, const std::string& description) {
  return Reject(absl::StatusCode::kInvalidArgument, reason, description);
}

absl::StatusOr<Expression> PrepareExpression(const std::string& text, const Tokenizer& tokenizer,
                                             const ExpressionLimits& limits) {
  if (text.size() > static_cast<std::size_t>(limits.max_bytes)) {
    return RejectExpression("EXPRESSION_TOO_LONG", absl::StrCat("the expression has ", text.size(),
                                                                " bytes, the limit is ", limits.max_bytes));
  }
  const absl::StatusOr<std::string> normalized = NormalizeExpression(text);
  if (!normalized.ok()) return normalized.status();
  if (normalized->empty()) {
    return RejectExpression("EXPRESSION_EMPTY",
                            absl::StrCat("the expression has ", text.size(), " bytes and nothing but white space"));
  }
  absl::StatusOr<std::vector<std::int32_t>> token_ids = tokenizer.Encode(*normalized);
  if (!token_ids.ok()) return token_ids.status();
  if (token_ids->size() > static_cast<std::size_t>(limits.max_tokens)) {
    return RejectExpression("EXPRESSION_TOO_LONG", absl::StrCat("the expression has ", token_ids->size(),
                                                                " tokens, the limit is ", limits.max_tokens));
  }
  return Expression{*std::move(token_ids)};
}

}  // namespace

absl::StatusOr<std::vector<Expression>> PrepareExpressions(std::span<const std::string> expressions,
                                                           const Tokenizer& tokenizer, const ExpressionLimits& limits) {
  std::vector<Expression> prepared;
  prepared.reserve(expressions.size());
  std::vector<Violation> violations;
  absl::Status first_fault;
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    absl::StatusOr<Expression> expression = PrepareExpression(expressions[i], tokenizer, limits);
    if (expression.ok()) {
      prepared.push_back(*std::move(expression));
      continue;
    }
    if (first_fault.ok()) first_fault = expression.status();
    violations.push_back({absl::StrCat("expressions[", i, "]"), std::string(expression.status().message())});
  }
  if (first_fault.ok()) return prepared;
  const std::size_t others = violations.size() - 1;
  std::string message = absl::StrCat(violations.front().field, ": ", violations.front().description);
  if (others > 0) absl::StrAppend(&message, "; ", others, " more at fault");
  return Reject(first_fault.code(), ReasonOf(first_fault), message, std::move(violations));
}

}  // namespace lqvg
