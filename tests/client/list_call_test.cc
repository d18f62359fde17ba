#include "client/cli/list_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "client/cpp/call_error.h"
#include "google/rpc/error_details.pb.h"
#include "tests/support/temporary_folder.h"

namespace lqvg::cli {
namespace {

using testing::ElementsAre;

ListItem Item(const std::string& image, const std::string& expression) { return {image, expression}; }

// "image: expression expression" for each call.
std::vector<std::string> Describe(const std::vector<ListCall>& calls) {
  std::vector<std::string> described;
  for (const ListCall& call : calls) {
    std::string text = call.image + ":";
    for (const ListItem& item : call.items) absl::StrAppend(&text, " ", item.expression);
    described.push_back(text);
  }
  return described;
}

// A server that answers each expression with a box as wide as the expression is long, and refuses a request for every
// expression that is empty.
absl::StatusOr<v1::GroundResponse> FakeServer(const v1::GroundRequest& request) {
  google::rpc::BadRequest bad_request;
  v1::GroundResponse response;
  response.set_image_width(800);
  response.set_request_id("r1");
  for (int i = 0; i < request.expressions_size(); ++i) {
    if (request.expressions(i).empty()) {
      auto* violation = bad_request.add_field_violations();
      violation->set_field(absl::StrCat("expressions[", i, "]"));
      violation->set_description("is empty");
    }
    v1::Box* box = response.add_results()->add_boxes();
    box->set_x_max(static_cast<float>(request.expressions(i).size()));
    box->set_score(0.5f);
  }
  if (bad_request.field_violations().empty()) return response;
  google::rpc::ErrorInfo info;
  info.set_domain("lqvg");
  info.set_reason("EXPRESSION_EMPTY");
  google::rpc::Status details;
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(bad_request);
  return client::MakeCallStatus(3, "an expression is empty", details.SerializeAsString(), "r0");
}

TEST(PlanCalls, GathersAPicturesExpressionsInOneCallInOrder) {
  const auto calls = PlanCalls({Item("a", "1"), Item("b", "2"), Item("a", "3")}, {}, 32);
  EXPECT_THAT(Describe(calls), ElementsAre("a: 1 3", "b: 2"));
}

TEST(PlanCalls, KeepsToTheServersLimit) {
  const auto calls = PlanCalls({Item("a", "1"), Item("a", "2"), Item("b", "3"), Item("a", "4")}, {}, 2);
  EXPECT_THAT(Describe(calls), ElementsAre("a: 1 2", "b: 3", "a: 4"));
}

TEST(PlanCalls, LeavesOutWhatIsHeldAsOftenAsItIsHeld) {
  const auto calls = PlanCalls({Item("a", "1"), Item("a", "1"), Item("a", "2"), Item("b", "3")},
                               {{{"a", "1"}, 1}, {{"b", "3"}, 1}, {{"c", "4"}, 1}}, 32);
  EXPECT_THAT(Describe(calls), ElementsAre("a: 1 2"));
}

TEST(MakeLine, HasWhatTheListSaysAndNothingElse) {
  EXPECT_EQ(MakeLine(Item("a", "1")).ShortDebugString(), "image: \"a\" expression: \"1\"");
  EXPECT_EQ(MakeLine({"a", "1", std::nullopt, "ship", true}).ShortDebugString(),
            "image: \"a\" expression: \"1\" kind: \"ship\" absent: true");
}

TEST(RunCall, SendsThePictureWithWhatAllCallsShareAndAnswersEveryItem) {
  const TemporaryFolder folder;
  folder.Write("a.png", "the bytes");
  v1::GroundRequest shared;
  shared.set_max_boxes(5);
  v1::GroundRequest sent;
  TruthBox truth;
  truth.set_x_max(7);
  const auto lines = RunCall({"a.png", {{"a.png", "ship", truth}, Item("a.png", "crane!")}}, shared,
                             PicturesIn(folder.Path("")), [&](const v1::GroundRequest& request) {
                               sent = request;
                               return FakeServer(request);
                             });
  EXPECT_EQ(sent.max_boxes(), 5u);
  EXPECT_EQ(sent.image().encoded(), "the bytes");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].truth().x_max(), 7);
  EXPECT_EQ(lines[0].boxes(0).x_max(), 4);
  EXPECT_EQ(lines[0].score(), 0.5f);
  EXPECT_EQ(lines[0].image_width(), 800u);
  EXPECT_EQ(lines[0].request_id(), "r1");
  EXPECT_EQ(lines[1].expression(), "crane!");
  EXPECT_EQ(lines[1].boxes(0).x_max(), 6);
  EXPECT_FALSE(lines[1].has_truth());
}

TEST(RunCall, FailsOnlyTheExpressionsThatTheServerRefused) {
  const TemporaryFolder folder;
  folder.Write("a.png", "x");
  int calls = 0;
  const ListCall call = {"a.png",
                         {Item("a.png", ""), Item("a.png", "ship"), Item("a.png", ""), Item("a.png", "pier!")}};
  const auto lines = RunCall(call, {}, PicturesIn(folder.Path("")), [&](const v1::GroundRequest& request) {
    ++calls;
    return FakeServer(request);
  });
  EXPECT_EQ(calls, 2);
  ASSERT_EQ(lines.size(), 4u);
  for (const int refused : {0, 2}) {
    const ResultLine& line = lines[static_cast<std::size_t>(refused)];
    EXPECT_EQ(line.error().code(), "INVALID_ARGUMENT");
    EXPECT_EQ(line.error().reason(), "EXPRESSION_EMPTY");
    EXPECT_EQ(line.error().message(), "is empty");
    EXPECT_EQ(line.request_id(), "r0");
  }
  ASSERT_FALSE(lines[1].has_error() || lines[3].has_error());
  EXPECT_EQ(lines[1].boxes(0).x_max(), 4);
  EXPECT_EQ(lines[3].boxes(0).x_max(), 5);
}

TEST(RunCall, FailsEveryItemOfACallThatFailsForAnotherReason) {
  const TemporaryFolder folder;
  folder.Write("a.png", "x");
  const auto lines = RunCall({"a.png", {Item("a.png", "1"), Item("a.png", "2")}}, {}, PicturesIn(folder.Path("")),
                             [](const v1::GroundRequest&) { return absl::UnavailableError("away"); });
  ASSERT_EQ(lines.size(), 2u);
  for (const ResultLine& line : lines) {
    EXPECT_EQ(line.error().code(), "UNAVAILABLE");
    EXPECT_EQ(line.error().message(), "away");
    EXPECT_FALSE(line.has_score());
  }
}

TEST(RunCall, FailsAnExpressionThatFailedAloneWhileRunning) {
  const TemporaryFolder folder;
  folder.Write("a.png", "x");
  const auto lines = RunCall({"a.png", {Item("a.png", "1"), Item("a.png", "2"), Item("a.png", "3")}}, {},
                             PicturesIn(folder.Path("")), [](const v1::GroundRequest&) {
                               v1::GroundResponse response;
                               response.add_results()->mutable_error()->set_code(13);
                               response.add_results();
                               return response;
                             });
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0].error().code(), "INTERNAL");
  EXPECT_FALSE(lines[1].has_error());
  EXPECT_FALSE(lines[1].has_score());
  EXPECT_EQ(lines[2].error().message(), "the server left this expression out");
}

TEST(RunCall, AsksNothingAboutAPictureThatIsNotThere) {
  const TemporaryFolder folder;
  const auto lines =
      RunCall({"a.png", {Item("a.png", "1")}}, {}, PicturesIn(folder.Path("")), [](const v1::GroundRequest&) {
        ADD_FAILURE() << "asked";
        return absl::InternalError("");
      });
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].error().code(), "NOT_FOUND");
  EXPECT_EQ(lines[0].error().reason(), "NO_SUCH_FILE");
}

}  // namespace
}  // namespace lqvg::cli
