// The tokenizer against answers of the `tokenizers` package in tokenizer_golden.jsonl, which
// tools/make_tokenizer_golden.py wrote, and what it refuses. tokenizer_differential_test.py goes wider.
#include "model/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "image/rejection.h"

namespace lqvg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kRoberta[] = LQVG_SOURCE_DIR "/tests/reference/roberta-base";
constexpr char kGolden[] = LQVG_SOURCE_DIR "/tests/model/tokenizer_golden.jsonl";

// A model directory for one test, with a vocabulary that knows the bytes a, b, c and the space.
class SmallModel : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 (std::string("lqvg_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    directory_ += std::to_string(getpid());  // other builds' tests run beside this one
    std::filesystem::create_directories(directory_);
    WriteVocabulary(R"({"<mask>": 0, "a": 1, "b": 2, "</s>": 3, "<unk>": 4, "ab": 5, "\u0120": 6, "c": 7, "abc": 8,
                        "<s>": 9, "<pad>": 10, "bc": 11})");
    WriteMerges("#version: 0.2\na b\nb c\nab c\n");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  void WriteVocabulary(const std::string& json) { std::ofstream(directory_ / "vocab.json") << json; }
  void WriteMerges(const std::string& lines) { std::ofstream(directory_ / "merges.txt") << lines; }
  void Remove(const std::string& file) { std::filesystem::remove(directory_ / file); }
  void MakeFolder(const std::string& name) { std::filesystem::create_directory(directory_ / name); }

  absl::StatusOr<std::unique_ptr<const Tokenizer>> Load() const { return Tokenizer::Load(directory_.string()); }
  std::vector<std::int32_t> Ids(std::string_view text) const { return Load().value()->Encode(text).value(); }
  std::string LoadError() const {
    const auto tokenizer = Load();
    EXPECT_EQ(tokenizer.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(tokenizer.status().message());
  }

 private:
  std::filesystem::path directory_;
};

TEST(TokenizerTest, EqualsTheReferenceOnHardStrings) {
  const auto tokenizer = Tokenizer::Load(kRoberta);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  EXPECT_EQ((*tokenizer)->vocabulary_size(), 50'265);
  std::ifstream golden(kGolden);
  int strings = 0;
  for (std::string line; std::getline(golden, line); ++strings) {
    const nlohmann::json expected = nlohmann::json::parse(line);
    const auto text = expected.at("text").get<std::string>();
    const absl::StatusOr<std::string> normalized = NormalizeExpression(text);
    ASSERT_TRUE(normalized.ok()) << line;
    EXPECT_EQ(*normalized, expected.at("normalized").get<std::string>()) << line;
    const auto ids = expected.at("ids").get<std::vector<std::int32_t>>();
    EXPECT_EQ((*tokenizer)->Encode(*normalized).value(), ids) << line;
    EXPECT_EQ((*tokenizer)->Encode(text).value(), expected.value("raw_ids", ids)) << line;
  }
  EXPECT_GT(strings, 2'000);
}

TEST(TokenizerTest, RefusesWhatIsNotUtf8) {
  const auto tokenizer = Tokenizer::Load(kRoberta).value();
  const std::vector<std::string> not_utf8 = {
      "ship\x80",              // a continuation on its own
      "ship\xC0\xAF",          // overlong, two bytes
      "ship\xE0\x9F\xBF",      // overlong, three bytes
      "ship\xF0\x8F\xBF\xBF",  // overlong, four bytes
      "ship\xED\xA0\x80",      // a surrogate
      "ship\xF4\x90\x80\x80",  // U+110000
      "ship\xF5\x80\x80\x80",  // a lead byte of nothing
      "ship\xE4\xB8",          // cut off
      "ship\xC3s",             // cut off by a letter
  };
  for (const std::string& text : not_utf8) {
    for (const absl::Status& status : {NormalizeExpression(text).status(), tokenizer->Encode(text).status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << testing::PrintToString(text);
      EXPECT_EQ(ReasonOf(status), "MALFORMED_REQUEST");
      EXPECT_THAT(std::string(status.message()), HasSubstr("at byte 4 of " + std::to_string(text.size())));
    }
  }
}

TEST(TokenizerTest, AcceptsTheEdgesOfUtf8) {
  for (const std::string text : {"\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                                 "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(NormalizeExpression(text).ok()) << testing::PrintToString(text);
  }
}

TEST_F(SmallModel, TakesSpecialIdsFromTheVocabulary) {
  EXPECT_THAT(Ids("a<s></s><pad><unk> <mask>"), ElementsAre(9, 1, 9, 3, 10, 4, 0, 3));
}

TEST_F(SmallModel, MergesByRankBeforePlace) { EXPECT_THAT(Ids("abc bc"), ElementsAre(9, 8, 6, 11, 3)); }

TEST_F(SmallModel, LeavesOutBytesWithoutTokenBeforeMerging) {
  EXPECT_THAT(Ids("axb"), ElementsAre(9, 5, 3));
  EXPECT_THAT(Ids("\xC3\xA9"), ElementsAre(9, 3));
}

// Merging that rescans a word for each merge takes hours for this one.
TEST_F(SmallModel, EncodesAWordOfAMegabyte) {
  std::string word;
  for (int i = 0; i < 500'000; ++i) word += "ab";
  const std::vector<std::int32_t> ids = Ids(word);
  EXPECT_EQ(ids.size(), 500'002u);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), 5), 500'000);
}

TEST_F(SmallModel, AcceptsMergesWithoutVersionAndWithWindowsLineEnds) {
  WriteMerges("a b\r\nab c");
  EXPECT_THAT(Ids("abc"), ElementsAre(9, 8, 3));
}

TEST_F(SmallModel, NamesTheFileThatCannotBeRead) {
  for (const std::string file : {"merges.txt", "vocab.json"}) {
    Remove(file);
    EXPECT_THAT(LoadError(), HasSubstr(file + ": cannot be read"));
    MakeFolder(file);
    EXPECT_THAT(LoadError(), HasSubstr(file + ": cannot be read"));
  }
}

TEST_F(SmallModel, RefusesAVocabularyThatIsNotTokensAndIds) {
  WriteVocabulary(R"({"<s>": 0, "<pad>": )");
  EXPECT_THAT(LoadError(), HasSubstr("vocab.json: not JSON at byte 21"));
  for (const std::string json : {"[]", "7", "null", "\"a\""}) {
    WriteVocabulary(json);
    EXPECT_THAT(LoadError(), HasSubstr("vocab.json: not an object of token to id")) << json;
  }
  for (const std::string value : {"-1", "1.5", "\"1\"", "true", "null", "[1]", "{}", "2147483647", "1e99"}) {
    WriteVocabulary(R"({"<s>": 0, "q": )" + value + "}");
    EXPECT_THAT(LoadError(), HasSubstr("vocab.json: the value of the token \"q\" is not an id")) << value;
  }
}

TEST_F(SmallModel, RefusesIdsThatAreNotZeroToN) {
  WriteVocabulary(R"({"<s>": 0, "q": 2})");
  EXPECT_THAT(LoadError(), HasSubstr("vocab.json: the id 2 of the token \"q\" is beyond the 2 tokens"));
  WriteVocabulary(R"({"q": 0, "r": 0})");
  EXPECT_THAT(LoadError(),
              testing::AllOf(HasSubstr("vocab.json: the id 0 is given to "), HasSubstr("\"q\""), HasSubstr("\"r\"")));
  WriteVocabulary(R"({"q": 0, "q": 1})");
  EXPECT_THAT(LoadError(), HasSubstr("vocab.json: the token \"q\" is given twice"));
}

TEST_F(SmallModel, NamesTheSpecialTokenThatIsMissing) {
  const std::vector<std::string> tokens = {"<s>", "</s>", "<pad>", "<unk>", "<mask>"};
  for (const std::string& missing : tokens) {
    nlohmann::json vocabulary = nlohmann::json::object();
    for (const std::string& token : tokens) {
      if (token != missing) vocabulary[token] = vocabulary.size();
    }
    WriteVocabulary(vocabulary.dump());
    EXPECT_THAT(LoadError(), HasSubstr("vocab.json: the special token " + missing + " is missing"));
  }
}

TEST_F(SmallModel, NamesTheLineOfAMergeThatIsWrong) {
  WriteMerges("#version: 0.2\na b\na q\n");
  EXPECT_THAT(LoadError(), HasSubstr("merges.txt, line 3: the token \"q\" is not in the vocabulary"));
  WriteMerges("a b\nb a\n");
  EXPECT_THAT(LoadError(), HasSubstr("merges.txt, line 2: the token \"ba\" is not in the vocabulary"));
  WriteMerges("a b\nb c\na b\n");
  EXPECT_THAT(LoadError(), HasSubstr("merges.txt, line 3: the merge \"a b\" is given twice"));
  for (const std::string line : {"", "ab", "a b c", "a  b"}) {
    WriteMerges("a b\n" + line + "\nb c\n");
    EXPECT_THAT(LoadError(), HasSubstr("merges.txt, line 2: not two tokens with a space between")) << line;
  }
}

}  // namespace
}  // namespace lqvg
