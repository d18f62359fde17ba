#include "client/cli/print_result.h"

#include <gtest/gtest.h>

namespace lqvg::cli {
namespace {

void AddBox(float x_min, float y_min, float x_max, float y_max, float score, v1::Result* result) {
  v1::Box* box = result->add_boxes();
  box->set_x_min(x_min);
  box->set_y_min(y_min);
  box->set_x_max(x_max);
  box->set_y_max(y_max);
  box->set_score(score);
}

v1::GroundResponse MakeResponse() {
  v1::GroundResponse response;
  response.set_image_width(800);
  response.set_image_height(600);
  v1::Result* ship = response.add_results();
  AddBox(-1.25f, 20, 300.5f, 400, 0.91f, ship);
  AddBox(0, 0, 8, 9, 0.25f, ship);
  response.add_results();
  google::rpc::Status* error = response.add_results()->mutable_error();
  error->set_code(13);
  error->set_message("not finite");
  return response;
}

TEST(ResultTable, AlignsExpressionsScoresAndBoxes) {
  v1::GroundResponse response = MakeResponse();
  response.add_image_notes(v1::IMAGE_NOTE_ALPHA_DROPPED);
  EXPECT_EQ(ResultTable("port.png", {"l'\xC3\xA9tang", "a ship", "a very long crane"}, response, {.min_score = "0.5"}),
            "port.png  800 x 600 pixels, alpha dropped\n"
            "  expression         score     x_min    y_min    x_max    y_max\n"
            "  l'\xC3\xA9tang            0.910      -1.2     20.0    300.5    400.0\n"
            "                     0.250       0.0      0.0      8.0      9.0\n"
            "  a ship             nothing scored 0.5 or more\n"
            "  a very long crane  INTERNAL: not finite\n");
}

TEST(ResultTable, GivesALongExpressionALineToItself) {
  v1::GroundResponse response;
  AddBox(1, 2, 3, 4, 0.5f, response.add_results());
  const std::string expression(61, 'a');
  const std::string margin(60, ' ');
  EXPECT_EQ(ResultTable("p", {expression}, response, {}),
            "p  0 x 0 pixels\n  expression" + margin.substr(10) + "  score     x_min    y_min    x_max    y_max\n  " +
                expression + "\n  " + margin + "  0.500       1.0      2.0      3.0      4.0\n");
}

TEST(ResultTable, UsesColorsOnlyWhenAsked) {
  const std::string plain = ResultTable("p", {"a", "b", "c"}, MakeResponse(), {.colors = false});
  const std::string colored = ResultTable("p", {"a", "b", "c"}, MakeResponse(), {.colors = true});
  EXPECT_EQ(plain.find('\x1b'), std::string::npos);
  EXPECT_NE(colored.find("\x1b[32m0.910\x1b[0m"), std::string::npos);
}

TEST(ResultTable, KeepsControlCharactersFromTheTerminal) {
  const std::string table = ResultTable("a\x1b[2J.png", {"b\nc", "", ""}, MakeResponse(), {});
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  EXPECT_NE(table.find("  b?c "), std::string::npos);
}

TEST(ToJson, PrintsTheContractsNamesWithZerosOnOneLine) {
  v1::GroundResponse response;
  AddBox(0, 1.5f, 0.1f, 3, 0.9f, response.add_results());
  response.add_results();
  response.set_image_width(800);
  response.mutable_model()->set_name("demo");
  response.mutable_receipt()->mutable_model_time()->set_nanos(250'000'000);
  response.mutable_receipt()->set_image_cache(v1::CACHE_OUTCOME_OFF);
  response.set_request_id("r1");
  response.set_image_digest("\x01\xFF");
  response.add_image_notes(v1::IMAGE_NOTE_CMYK_CONVERTED);
  EXPECT_EQ(*ToJson(response),
            R"({"results":[{"boxes":[{"x_min":0,"y_min":1.5,"x_max":0.1,"y_max":3,"score":0.9}]},{"boxes":[]}],)"
            R"("image_width":800,"image_height":0,"model":{"name":"demo","digest":""},)"
            R"("receipt":{"batch_images":0,"batch_expressions":0,)"
            R"("image_cache":"CACHE_OUTCOME_OFF","text_cache_hits":0,"response_cache_hits":0,"model_time":"0.250s"},)"
            R"("request_id":"r1","image_digest":"Af8=","image_retained":false,)"
            R"("image_notes":["IMAGE_NOTE_CMYK_CONVERTED"]})");
}

TEST(ToJson, SaysWhenAMessageHasNoJson) {
  v1::GroundResponse response;
  google::protobuf::Any* detail = response.add_results()->mutable_error()->add_details();
  detail->set_type_url("type.googleapis.com/not.a.Type");
  detail->set_value("x");
  EXPECT_EQ(ToJson(response).status().code(), absl::StatusCode::kInternal);
}

TEST(ErrorText, NamesStatusReasonMessageViolationsAndRequest) {
  const client::CallError error = {absl::StatusCode::kInvalidArgument,
                                   "EXPRESSION_EMPTY",
                                   "an expression is empty",
                                   {{"expressions[1]", "is empty"}, {"image", "is \x1b"}},
                                   "r1"};
  EXPECT_EQ(ErrorText("", error),
            "lqvg: INVALID_ARGUMENT EXPRESSION_EMPTY: an expression is empty\n"
            "  expressions[1]: is empty\n"
            "  image: is ?\n"
            "  request id: r1\n");
}

TEST(ErrorText, NamesThePictureAmongSeveralAndNoReasonWhereThereIsNone) {
  const client::CallError error = {absl::StatusCode::kUnavailable, "", "away", {}, ""};
  EXPECT_EQ(ErrorText("a.png", error), "lqvg: a.png: UNAVAILABLE: away\n");
  EXPECT_EQ(ErrorText("", error, "lqvg-eval"), "lqvg-eval: UNAVAILABLE: away\n");
}

}  // namespace
}  // namespace lqvg::cli
