#include "client/load/pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/load/asked_scene.h"
#include "image/image_decoder.h"
#include "tests/support/temporary_folder.h"
#include "train/scenes/painter.h"
#include "train/scenes/solver.h"

namespace lqvg::load {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

const SceneOptions kFew = {.pictures = 4, .seed = 5, .questions = 6, .sizes = {{.width = 160, .height = 128}}};

std::vector<Picture> Scenes(const SceneOptions& options) {
  auto pictures = MakeScenes(options);
  EXPECT_TRUE(pictures.ok()) << pictures.status();
  return pictures.ok() ? *std::move(pictures) : std::vector<Picture>();
}

Image Decoded(const Picture& picture) {
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(picture.encoded.data()), picture.encoded.size());
  auto decoded = DecodeImage(bytes, {});
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  return decoded.ok() ? std::move(decoded->image) : Image();
}

bool AreAlike(const Picture& a, const Picture& b) {
  if (a.encoded != b.encoded || a.width != b.width || a.height != b.height) return false;
  if (a.questions.size() != b.questions.size()) return false;
  for (std::size_t i = 0; i < a.questions.size(); ++i) {
    if (a.questions[i].expression != b.questions[i].expression || a.questions[i].answer != b.questions[i].answer) {
      return false;
    }
  }
  return true;
}

TEST(Scenes, AreTheSameForTheSameOptions) {
  const std::vector<Picture> pictures = Scenes(kFew), again = Scenes(kFew);
  ASSERT_THAT(pictures, SizeIs(4));
  ASSERT_THAT(again, SizeIs(4));
  for (std::size_t i = 0; i < pictures.size(); ++i) EXPECT_TRUE(AreAlike(pictures[i], again[i])) << i;
}

TEST(Scenes, DifferFromOneAnotherAndForAnotherSeed) {
  SceneOptions other = kFew;
  other.seed = 6;
  std::set<std::string> files;
  for (const SceneOptions& options : {kFew, other}) {
    for (const Picture& picture : Scenes(options)) files.insert(picture.encoded);
  }
  EXPECT_THAT(files, SizeIs(8));
}

TEST(Scenes, AreThePngOfThePaintedScene) {
  const std::vector<Picture> pictures = Scenes(kFew);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const Image image = Decoded(pictures[i]);
    EXPECT_EQ(image.width, 160);
    EXPECT_EQ(image.height, 128);
    EXPECT_EQ(image.rgb, scenes::Paint(MakeAskedScene(kFew, i, kFew.sizes[0]).scene).rgb) << i;
  }
}

TEST(Scenes, TellTheSizeOfTheirFile) {
  const std::vector<Picture> pictures = Scenes(kFew);
  for (const Picture& picture : pictures) EXPECT_EQ(std::pair(picture.width, picture.height), std::pair(160, 128));
}

// The solver is the judge: what it finds for the words is the one object whose box is the answer.
TEST(Scenes, HaveAnswersThatAloneSatisfyTheirQuestions) {
  const std::vector<Picture> pictures = Scenes(kFew);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    const AskedScene asked = MakeAskedScene(kFew, i, kFew.sizes[0]);
    ASSERT_EQ(pictures[i].questions.size(), asked.expressions.size());
    for (std::size_t k = 0; k < asked.expressions.size(); ++k) {
      const Question& question = pictures[i].questions[k];
      EXPECT_EQ(question.expression, asked.expressions[k].text);
      const scenes::Solution solution = Solve(asked.scene, asked.expressions[k].query);
      ASSERT_TRUE(solution.IsUnique()) << question.expression;
      const scenes::Bounds& b = asked.scene.objects[static_cast<std::size_t>(solution.clear[0])].bounds;
      EXPECT_EQ(question.answer, (Corners{b.x_min, b.y_min, b.x_max, b.y_max})) << question.expression;
    }
  }
}

TEST(Scenes, HaveAnswersInsideThePicture) {
  for (const Picture& picture : Scenes(kFew)) {
    for (const Question& question : picture.questions) {
      ASSERT_TRUE(question.answer) << question.expression;
      const auto [x_min, y_min, x_max, y_max] = *question.answer;
      EXPECT_TRUE(0 <= x_min && x_min < x_max && x_max <= 160) << x_min << " " << x_max;
      EXPECT_TRUE(0 <= y_min && y_min < y_max && y_max <= 128) << y_min << " " << y_max;
    }
  }
}

TEST(Scenes, HaveNoAnswerToQuestionsAboutWhatIsNotThere) {
  SceneOptions options = kFew;
  options.absent = 1;
  for (const Picture& picture : Scenes(options)) {
    for (const Question& question : picture.questions) EXPECT_EQ(question.answer, std::nullopt) << question.expression;
  }
}

TEST(Scenes, HaveDistinctQuestionsAtMostAsManyAsAskedFor) {
  for (const Picture& picture : Scenes(kFew)) {
    std::set<std::string> expressions;
    for (const Question& question : picture.questions) expressions.insert(question.expression);
    EXPECT_EQ(expressions.size(), picture.questions.size());
    EXPECT_GE(picture.questions.size(), 1u);
    EXPECT_LE(picture.questions.size(), 6u);
  }
}

// No seed is known whose scene gives nothing to say, so the scenes are the test's own.
TEST(Scenes, ThatGiveNothingToSayArePassedOver) {
  const AskedScene asked = FirstToSpeak([](std::uint64_t attempt) {
    AskedScene made;
    made.scene.seed = attempt;
    if (attempt >= 2) made.expressions.resize(1);
    return made;
  });
  EXPECT_EQ(asked.scene.seed, 2u);
}

TEST(Scenes, OfAnotherAttemptAreOthers) {
  EXPECT_NE(TryScene(kFew, 0, 0, kFew.sizes[0]).scene.seed, TryScene(kFew, 0, 1, kFew.sizes[0]).scene.seed);
}

TEST(Scenes, HaveSizesInProportionToTheirShares) {
  SceneOptions options = kFew;
  options.pictures = 8;
  options.questions = 1;
  options.sizes = {{.width = 128, .height = 128, .share = 0.75}, {.width = 128, .height = 144, .share = 0.25}};
  std::vector<int> heights;
  for (const Picture& picture : Scenes(options)) {
    heights.push_back(picture.height);
    EXPECT_EQ(Decoded(picture).height, picture.height);
  }
  // Spread, so that popular pictures are not all of one size.
  EXPECT_THAT(heights, ElementsAre(128, 128, 144, 128, 128, 128, 144, 128));
}

TEST(Scenes, OfOptionsOutOfRangeAreRefused) {
  const auto message = [](const SceneOptions& options) {
    const absl::Status status = MakeScenes(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_EQ(message({.pictures = 0}), "at least one picture is needed");
  EXPECT_EQ(message({.questions = 0}), "at least one question per picture is needed");
  EXPECT_EQ(message({.absent = 1.5F}), "a share of absent things of 1.5 is not 0 to 1");
  EXPECT_EQ(message({.sizes = {}}), "at least one size is needed");
  EXPECT_EQ(message({.sizes = {{.width = 127}}}), "a side of 127 pixels is not between 128 and 1024");
  EXPECT_EQ(message({.sizes = {{}, {.height = 1025}}}), "a side of 1025 pixels is not between 128 and 1024");
  EXPECT_EQ(message({.sizes = {{.share = 0}}}), "a share of 0 is not above 0 and at most 1000000");
}

TEST(PicturesFromFiles, AreSentAsTheyAreWithEveryExpression) {
  const TemporaryFolder folder;
  const std::string bytes("\xFF\xD8\0\r\n\xFF", 6), large(3'000'000, 'x');
  const auto pictures = ReadPictures({folder.Write("a.jpg", bytes), folder.Write("b", large)}, {"a ship", "a pier"});
  ASSERT_TRUE(pictures.ok()) << pictures.status();
  ASSERT_THAT(*pictures, SizeIs(2));
  EXPECT_EQ((*pictures)[0].encoded, bytes);
  EXPECT_TRUE((*pictures)[1].encoded == large);
  for (const Picture& picture : *pictures) {
    ASSERT_THAT(picture.questions, SizeIs(2));
    EXPECT_EQ(picture.questions[0].expression, "a ship");
    EXPECT_EQ(picture.questions[1].expression, "a pier");
    EXPECT_EQ(picture.questions[0].answer, std::nullopt);
  }
}

TEST(PicturesFromFiles, NameTheFileThatIsMissing) {
  const TemporaryFolder folder;
  const std::string there = folder.Write("a", "x"), missing = folder.Path("none");
  const absl::Status status = ReadPictures({there, missing}, {"a ship"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), missing + ": No such file or directory");
  EXPECT_EQ(ReadPictures({there + "/b"}, {"a ship"}).status().code(), absl::StatusCode::kNotFound);
}

TEST(PicturesFromFiles, NameTheFileThatCannotBeRead) {
  const TemporaryFolder folder;
  const absl::Status status = ReadPictures({folder.Path("")}, {"a ship"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(status.message(), folder.Path("") + ": Is a directory");
}

TEST(PicturesFromFiles, NameTheFileThatNoServerTakes) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("large", "");
  std::filesystem::resize_file(path, 64u << 20);
  EXPECT_TRUE(ReadPictures({path}, {"a ship"}).ok());
  std::filesystem::resize_file(path, (64u << 20) + 1);
  const absl::Status status = ReadPictures({path}, {"a ship"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), path + " has more than 67108864 bytes");
}

TEST(PicturesFromFiles, NameTheFileThatIsEmpty) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("a", "");
  EXPECT_EQ(ReadPictures({path}, {"a ship"}).status(), absl::InvalidArgumentError(path + " is empty"));
}

TEST(PicturesFromFiles, NeedPathsAndExpressions) {
  const TemporaryFolder folder;
  EXPECT_EQ(ReadPictures({folder.Write("a", "x")}, {}).status(),
            absl::InvalidArgumentError("no expressions to ask about the pictures"));
  EXPECT_EQ(ReadPictures({}, {"a ship"}).status(), absl::InvalidArgumentError("no pictures"));
}

TEST(Sizes, AreReadWithTheirShares) {
  const auto sizes = ParseSizes("256, 512x384:2.5,1024:1");
  ASSERT_TRUE(sizes.ok()) << sizes.status();
  std::vector<std::string> texts;
  for (const SizeShare& size : *sizes) texts.push_back(absl::StrCat(size.width, " ", size.height, " ", size.share));
  EXPECT_THAT(texts, ElementsAre("256 256 1", "512 384 2.5", "1024 1024 1"));
}

TEST(Sizes, SayWhichPartIsWrong) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", "size 1: \"\" is not SIDE or WIDTHxHEIGHT"},
      {"256,", "size 2: \"\" is not SIDE or WIDTHxHEIGHT"},
      {"256,,512", "size 2: \"\" is not SIDE or WIDTHxHEIGHT"},
      {"256,large", "size 2: \"large\" is not SIDE or WIDTHxHEIGHT"},
      {"256x", "size 1: \"256x\" is not SIDE or WIDTHxHEIGHT"},
      {"x256:2", "size 1: \"x256\" is not SIDE or WIDTHxHEIGHT"},
      {"256x256x256", "size 1: \"256x256x256\" is not SIDE or WIDTHxHEIGHT"},
      {"256.5", "size 1: \"256.5\" is not SIDE or WIDTHxHEIGHT"},
      {"99999999999", "size 1: \"99999999999\" is not SIDE or WIDTHxHEIGHT"},
      {"256:", "size 1: \"\" is not a share"},
      {"256:1:2", "size 1: \"1:2\" is not a share"},
      {"256:half", "size 1: \"half\" is not a share"},
      {"256:0", "size 1: a share of 0 is not above 0 and at most 1000000"},
      {"256:-1", "size 1: a share of -1 is not above 0 and at most 1000000"},
      {"256:nan", "size 1: a share of nan is not above 0 and at most 1000000"},
      {"256:inf", "size 1: a share of inf is not above 0 and at most 1000000"},
      {"256,127", "size 2: a side of 127 pixels is not between 128 and 1024"},
      {"256x1025", "size 1: a side of 1025 pixels is not between 128 and 1024"},
  };
  for (const auto& [text, message] : rows) {
    EXPECT_EQ(ParseSizes(text).status(), absl::InvalidArgumentError(message)) << text;
  }
}

TEST(Iou, IsOverlapOverUnion) {
  EXPECT_DOUBLE_EQ(Iou({0, 0, 4, 4}, {2, 1, 6, 5}), 6.0 / 26);
  EXPECT_DOUBLE_EQ(Iou({2, 1, 6, 5}, {0, 0, 4, 4}), 6.0 / 26);
  EXPECT_DOUBLE_EQ(Iou({0, 0, 10, 10}, {2, 3, 4, 8}), 0.1);
  EXPECT_DOUBLE_EQ(Iou({1, 2, 3, 4}, {1, 2, 3, 4}), 1);
}

TEST(Iou, IsNothingForBoxesThatDoNotMeet) {
  EXPECT_EQ(Iou({0, 0, 2, 2}, {2, 0, 4, 2}), 0);
  EXPECT_EQ(Iou({0, 0, 2, 2}, {5, 5, 9, 9}), 0);
}

TEST(Iou, IsNothingForABoxWithoutArea) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Corners> empty = {{1, 1, 1, 3}, {3, 1, 1, 3}, {3, 3, 1, 1}, {kNan, 0, 2, 2}, {0, 0, 2, kNan}};
  for (const Corners& box : empty) {
    EXPECT_EQ(Iou(box, {0, 0, 4, 4}), 0) << box[0];
    EXPECT_EQ(Iou({0, 0, 4, 4}, box), 0) << box[0];
    EXPECT_EQ(Iou(box, box), 0) << box[0];
  }
}

}  // namespace
}  // namespace lqvg::load
