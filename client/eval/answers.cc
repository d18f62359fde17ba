#include "client/eval/answers.h"

#include <cstddef>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/list_call.h"

namespace lqvg::eval {
namespace {

using cli::ListItem;
using cli::ResultLine;

// What a line says of its item, without the outcome.
std::string IdentityOf(const ResultLine& line) {
  ResultLine identity = line;
  for (const int outcome :
       {ResultLine::kBoxesFieldNumber, ResultLine::kScoreFieldNumber, ResultLine::kImageWidthFieldNumber,
        ResultLine::kImageHeightFieldNumber, ResultLine::kRequestIdFieldNumber, ResultLine::kErrorFieldNumber}) {
    identity.GetReflection()->ClearField(&identity, ResultLine::descriptor()->FindFieldByNumber(outcome));
  }
  return identity.SerializeAsString();
}

datasets::PixelBox BoxOf(const cli::TruthBox& box) {
  return {static_cast<float>(box.x_min()), static_cast<float>(box.y_min()), static_cast<float>(box.x_max()),
          static_cast<float>(box.y_max())};
}

std::string FailureOf(const ResultLine& line) {
  if (!line.has_error()) return "NO_BOX: the server answered without a box";
  const std::string& reason = line.error().reason();
  return absl::StrCat(reason.empty() ? line.error().code() : reason, ": ", line.error().message());
}

Answered AnswerOf(const ListItem& item, const ResultLine& line) {
  Answered answered;
  answered.image = item.image;
  answered.expression = item.expression;
  answered.kind = item.kind;
  if (item.truth) answered.truth = BoxOf(*item.truth);
  if (line.has_error() || line.boxes().empty()) {
    answered.failure = FailureOf(line);
  } else {
    const v1::Box& best = line.boxes(0);
    answered.box = {best.x_min(), best.y_min(), best.x_max(), best.y_max()};
    answered.score = best.score();
  }
  return answered;
}

}  // namespace

absl::Status JudgeResults(const std::vector<ResultLine>& results, const std::vector<ListItem>& items) {
  std::map<std::string, std::size_t> wanted;  // how often each identity is in the data set
  for (const ListItem& item : items) ++wanted[IdentityOf(cli::MakeLine(item))];
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto found = wanted.find(IdentityOf(results[i]));
    if (found == wanted.end() || found->second == 0) {
      return absl::InvalidArgumentError(absl::StrCat("line ", i + 1, ", about ", results[i].image(), ", \"",
                                                     results[i].expression(),
                                                     "\", is not of this data set with these options"));
    }
    --found->second;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Answered>> MakeAnswers(const std::vector<ListItem>& items,
                                                  const std::vector<ResultLine>& results) {
  // Of lines about the same words in the same picture any will do: the question was the same.
  std::multimap<std::pair<std::string, std::string>, const ResultLine*> unused;
  for (const ResultLine& line : results) unused.insert({{line.image(), line.expression()}, &line});
  std::vector<Answered> answers;
  answers.reserve(items.size());
  for (const ListItem& item : items) {
    const auto found = unused.find({item.image, item.expression});
    if (found == unused.end()) {
      return absl::InvalidArgumentError(absl::StrCat("no result about ", item.image, ", \"", item.expression, "\""));
    }
    answers.push_back(AnswerOf(item, *found->second));
    unused.erase(found);
  }
  return answers;
}

}  // namespace lqvg::eval
