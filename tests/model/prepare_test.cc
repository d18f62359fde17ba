#include "model/prepare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "image/rejection.h"

namespace lqvg {
namespace {

using testing::HasSubstr;

class PrepareTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    tokenizer_ = Tokenizer::Load(LQVG_SOURCE_DIR "/tests/reference/roberta-base").value().release();
  }
  static void TearDownTestSuite() { delete tokenizer_; }

  static absl::StatusOr<std::vector<Expression>> Prepare(const std::vector<std::string>& expressions) {
    return PrepareExpressions(expressions, *tokenizer_, ExpressionLimits{});
  }
  // The fault of a lone expression: its reason, having checked its code and the field.
  static std::string Reason(const std::string& expression) {
    const absl::Status status = Prepare({expression}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ViolationsOf(status).size(), 1u);
    EXPECT_EQ(ViolationsOf(status).at(0).field, "expressions[0]");
    return ReasonOf(status);
  }
  static std::string Repeat(const std::string& text, int times) {
    std::string repeated;
    for (int i = 0; i < times; ++i) repeated += text;
    return repeated;
  }

  inline static const Tokenizer* tokenizer_ = nullptr;
};

TEST_F(PrepareTest, NormalisesAndTokenisesInOrder) {
  const auto prepared = Prepare({"  The SHIP\n", "a red roof"});
  ASSERT_TRUE(prepared.ok()) << prepared.status();
  ASSERT_EQ(prepared->size(), 2u);
  EXPECT_EQ((*prepared)[0].token_ids, tokenizer_->Encode("the ship").value());
  EXPECT_EQ((*prepared)[1].token_ids, tokenizer_->Encode("a red roof").value());
}

TEST_F(PrepareTest, MakesNothingOfNothing) { EXPECT_TRUE(Prepare({}).value().empty()); }

TEST_F(PrepareTest, CountsBytesAsTheyWereSent) {
  EXPECT_TRUE(Prepare({"ship" + std::string(4'092, ' ')}).ok());
  const std::string long_expression = "ship" + std::string(4'093, ' ');
  EXPECT_EQ(Reason(long_expression), "EXPRESSION_TOO_LONG");
  EXPECT_THAT(ViolationsOf(Prepare({long_expression}).status()).at(0).description,
              HasSubstr("4097 bytes, the limit is 4096"));
}

TEST_F(PrepareTest, LooksAtTheLengthBeforeTheBytes) {
  EXPECT_EQ(Reason(std::string(4'097, '\xFF')), "EXPRESSION_TOO_LONG");
}

TEST_F(PrepareTest, CountsTokensWithTheirEnds) {
  EXPECT_EQ(Prepare({Repeat(" ship", 510)}).value().at(0).token_ids.size(), 512u);
  EXPECT_EQ(Reason(Repeat(" ship", 511)), "EXPRESSION_TOO_LONG");
  EXPECT_THAT(ViolationsOf(Prepare({Repeat(" ship", 511)}).status()).at(0).description,
              HasSubstr("513 tokens, the limit is 512"));
}

TEST_F(PrepareTest, RefusesWhatHoldsNothingButWhiteSpace) {
  for (const std::string blank : {"", " ", "\t\r\n", "\xE3\x80\x80\xC2\xA0\x1C"}) {
    EXPECT_EQ(Reason(blank), "EXPRESSION_EMPTY") << testing::PrintToString(blank);
  }
}

TEST_F(PrepareTest, RefusesWhatIsNotUtf8) { EXPECT_EQ(Reason("ship \xED\xA0\x80"), "MALFORMED_REQUEST"); }

TEST_F(PrepareTest, ReportsAllFaultsUnderTheReasonOfTheFirst) {
  const absl::Status status = Prepare({"ship", " ", "\xFF", "plane", std::string(5'000, 'a')}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(status), "EXPRESSION_EMPTY");
  const std::vector<Violation> violations = ViolationsOf(status);
  ASSERT_EQ(violations.size(), 3u);
  EXPECT_EQ(violations[0].field, "expressions[1]");
  EXPECT_THAT(violations[0].description, HasSubstr("nothing but white space"));
  EXPECT_EQ(violations[1].field, "expressions[2]");
  EXPECT_THAT(violations[1].description, HasSubstr("not UTF-8 at byte 0 of 1"));
  EXPECT_EQ(violations[2].field, "expressions[4]");
  EXPECT_THAT(violations[2].description, HasSubstr("5000 bytes, the limit is 4096"));
  EXPECT_THAT(std::string(status.message()),
              testing::AllOf(HasSubstr("expressions[1]: "), HasSubstr("2 more at fault")));
}

TEST_F(PrepareTest, CountsTheFaultsThatItDoesNotList) {
  const absl::Status status = Prepare(std::vector<std::string>(32, "")).status();
  EXPECT_EQ(ViolationsOf(status).size(), kMaxViolations);
  EXPECT_THAT(std::string(status.message()), HasSubstr("31 more at fault"));
}

}  // namespace
}  // namespace lqvg
