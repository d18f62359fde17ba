#include "model/tokenizer.h"

#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "model/bpe.h"
#include "model/bpe_files.h"
#include "model/pretokenizer.h"
#include "model/unicode.h"

namespace lqvg {
namespace {

absl::Status CheckUtf8(std::string_view text) {
  const std::size_t valid = unicode::ValidUtf8Prefix(text);
  if (valid == text.size()) return absl::OkStatus();
  return Reject(absl::StatusCode::kInvalidArgument, "MALFORMED_REQUEST",
                absl::StrCat("the expression is not UTF-8 at byte ", valid, " of ", text.size()));
}

// A special token, which stands for itself wherever the text spells it out.
//
// Checked against transformers 4.46.3 (tokenizers 0.20.3), whose RobertaTokenizerFast made from vocab.json and
// merges.txt cuts these out before splitting and gives <mask> alone lstrip: it swallows the white space before it.
// (transformers 5 has the lstrip only when a tokenizer.json says so, as the published roberta-base's does.)
struct SpelledToken {
  std::string_view spelling;
  std::int32_t SpecialTokens::*id;
  bool swallows_space_before = false;
};
constexpr std::array<SpelledToken, 5> kSpelledTokens = {{{"<s>", &SpecialTokens::begin},
                                                         {"</s>", &SpecialTokens::end},
                                                         {"<pad>", &SpecialTokens::pad},
                                                         {"<unk>", &SpecialTokens::unknown},
                                                         {"<mask>", &SpecialTokens::mask, true}}};

const SpelledToken* SpelledTokenAt(std::string_view text) {
  for (const SpelledToken& token : kSpelledTokens) {
    if (text.starts_with(token.spelling)) return &token;
  }
  return nullptr;
}

std::string_view WithoutTrailingSpace(std::string_view text) {
  while (!text.empty()) {
    const unicode::CodePoint last = unicode::Last(text);
    if (unicode::SplitClassOf(last.value) != unicode::SplitClass::kSpace) break;
    text.remove_suffix(last.length);
  }
  return text;
}

void AppendText(std::string_view text, BpeSequence& sequence) {
  while (!text.empty()) {
    const std::size_t length = FirstPieceLength(text);
    sequence.AppendPiece(text.substr(0, length));
    text.remove_prefix(length);
  }
}

}  // namespace

struct Tokenizer::State {
  BpeModel model;
};

Tokenizer::Tokenizer(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Tokenizer::~Tokenizer() = default;

absl::StatusOr<std::string> NormalizeExpression(std::string_view text) {
  if (absl::Status status = CheckUtf8(text); !status.ok()) return status;
  return unicode::PythonJoinSplit(unicode::PythonLower(text));
}

absl::StatusOr<std::unique_ptr<const Tokenizer>> Tokenizer::Load(const std::string& model_dir) {
  absl::StatusOr<BpeModel> model = ReadBpeModel(model_dir);
  if (!model.ok()) return model.status();
  auto state = std::make_unique<const State>(State{*std::move(model)});
  return std::unique_ptr<const Tokenizer>(new Tokenizer(std::move(state)));
}

absl::StatusOr<std::vector<std::int32_t>> Tokenizer::Encode(std::string_view normalized) const {
  if (absl::Status status = CheckUtf8(normalized); !status.ok()) return status;
  const BpeModel& model = state_->model;
  BpeSequence sequence(model);
  sequence.AppendToken(model.special.begin);
  std::string_view rest = normalized;
  for (std::size_t at = rest.find('<'); at != std::string_view::npos;) {
    const SpelledToken* token = SpelledTokenAt(rest.substr(at));
    if (token == nullptr) {
      at = rest.find('<', at + 1);
      continue;
    }
    const std::string_view before = rest.substr(0, at);
    AppendText(token->swallows_space_before ? WithoutTrailingSpace(before) : before, sequence);
    sequence.AppendToken(model.special.*(token->id));
    rest.remove_prefix(at + token->spelling.size());
    at = rest.find('<');
  }
  AppendText(rest, sequence);
  sequence.AppendToken(model.special.end);
  return sequence.TakeTokens();
}

int Tokenizer::vocabulary_size() const { return state_->model.vocabulary_size; }

}  // namespace lqvg
