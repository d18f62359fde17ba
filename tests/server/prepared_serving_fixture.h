// The serving fixture with the real preparation behind it: real tokens, real decoding, and only the model is a fake.
//
// Used by one test's thread.
#pragma once

#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <utility>

#include "server/decode_budget.h"
#include "server/prepare_query.h"
#include "tests/server/serving_fixture.h"

namespace lqvg::serving {

class PreparedServingTest : public ServingTest {
 protected:
  static void SetUpTestSuite() {
    auto tokenizer = Tokenizer::Load(LQVG_SOURCE_DIR "/models/demo");
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
    tokenizer_ = *std::move(tokenizer);
  }
  static void TearDownTestSuite() { tokenizer_.reset(); }

  static const Tokenizer& tokenizer() { return *tokenizer_; }

  // Instead of Open.
  void OpenPrepared() {
    const ModelInfo& info = grounder().info();
    const RequestLimits& limits = server_options().limits;
    const PrepareOptions options = {
        .canvas_side = info.input_size,
        .image_limits = limits.image,
        .expression_limits = {.max_bytes = limits.max_expression_bytes, .max_tokens = info.max_tokens},
        .decode_budget = &budget_};
    server().SetModel(info);
    pipeline().Open(grounder(), [this, options](GroundQuery query, Call& call) {
      return PrepareQuery(std::move(query), call, *tokenizer_, options, clock());
    });
    server().SetReady(true);
  }

  void StartPrepared() {
    ASSERT_NO_FATAL_FAILURE(StartServer());
    OpenPrepared();
  }

 private:
  static inline std::unique_ptr<const Tokenizer> tokenizer_;
  DecodeBudget budget_{1ull << 30};
};

// The status code of each reason, as the contract's comments give it: "// DATA_LOSS: image.crc32c does not match ...".
inline std::map<std::string, std::string> CodesOfTheContract() {
  std::ifstream file(LQVG_SOURCE_DIR "/proto/lqvg/v1/grounding.proto");
  std::stringstream text;
  text << file.rdbuf();
  const std::string proto = text.str();
  const std::regex reason(R"re(// ([A-Z_]+)[,:][^\n]*(?:\n  //[^\n]*)*\n  ERROR_REASON_([A-Z_]+) = )re");
  std::map<std::string, std::string> codes;
  for (std::sregex_iterator match(proto.begin(), proto.end(), reason), end; match != end; ++match) {
    codes.emplace((*match)[2], (*match)[1]);
  }
  return codes;
}

inline std::string NameOf(grpc::StatusCode code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

}  // namespace lqvg::serving
