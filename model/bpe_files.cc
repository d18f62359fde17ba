#include "model/bpe_files.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/unicode.h"

namespace lqvg {
namespace {

using VocabularyMap = absl::flat_hash_map<std::string, std::int32_t>;

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::error_code error;  // set for a folder too, which an ifstream would open
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  std::string content(error ? 0 : size, '\0');
  std::ifstream file(path, std::ios::binary);
  if (error || !file.read(content.data(), static_cast<std::streamsize>(content.size()))) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read"));
  }
  return content;
}

// Takes a flat JSON object of token to id as it is parsed, so that a token given twice is noticed.
class VocabularyReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  const std::string& fault() const { return fault_; }
  VocabularyMap TakeIds() { return std::move(ids_); }

  bool start_object(std::size_t) override { return ++depth_ == 1 || Fail(WrongValue()); }
  bool end_object() override { return true; }
  bool key(string_t& token) override {
    token_ = token;
    return true;
  }
  bool number_unsigned(number_unsigned_t id) override {
    if (depth_ == 0) return Fail("not an object of token to id");
    if (id >= static_cast<number_unsigned_t>(std::numeric_limits<std::int32_t>::max())) return Fail(WrongValue());
    if (ids_.emplace(token_, static_cast<std::int32_t>(id)).second) return true;
    return Fail(absl::StrCat("the token \"", token_, "\" is given twice"));
  }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    return Fail(absl::StrCat("not JSON at byte ", position));
  }

  bool null() override { return Fail(WrongValue()); }
  bool boolean(bool) override { return Fail(WrongValue()); }
  bool number_integer(number_integer_t) override { return Fail(WrongValue()); }
  bool number_float(number_float_t, const string_t&) override { return Fail(WrongValue()); }
  bool string(string_t&) override { return Fail(WrongValue()); }
  bool binary(binary_t&) override { return Fail(WrongValue()); }
  bool start_array(std::size_t) override { return Fail(WrongValue()); }
  bool end_array() override { return true; }

 private:
  std::string WrongValue() const {
    return depth_ == 0 ? "not an object of token to id"
                       : absl::StrCat("the value of the token \"", token_, "\" is not an id");
  }
  bool Fail(std::string fault) {
    fault_ = std::move(fault);
    return false;
  }

  VocabularyMap ids_;
  std::string token_;  // the key read last
  std::string fault_;
  int depth_ = 0;
};

// Checks that the ids are 0..n-1, each once: the text encoder has one row per id.
absl::Status CheckIdsAreDense(const std::string& path, const VocabularyMap& ids) {
  std::vector<const std::string*> token_of(ids.size(), nullptr);
  for (const auto& [token, id] : ids) {
    if (static_cast<std::size_t>(id) >= ids.size()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": the id ", id, " of the token \"", token,
                                                     "\" is beyond the ", ids.size(), " tokens; ids must be 0..n-1"));
    }
    if (token_of[id] != nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": the id ", id, " is given to \"", *token_of[id], "\" and to \"", token, "\""));
    }
    token_of[id] = &token;
  }
  return absl::OkStatus();
}

absl::StatusOr<VocabularyMap> ReadVocabulary(const std::string& path) {
  const absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  VocabularyReader reader;
  if (!nlohmann::json::sax_parse(*content, &reader)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", reader.fault()));
  }
  VocabularyMap ids = reader.TakeIds();
  if (absl::Status status = CheckIdsAreDense(path, ids); !status.ok()) return status;
  return ids;
}

// The printable stand-in for `byte` in vocab.json. GPT-2 writes bytes that print as themselves in Latin-1, and the
// others, in order, as U+0100 and on.
std::uint32_t StandIn(int byte) {
  const auto prints = [](int b) { return (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xFF && b != 0xAD); };
  if (prints(byte)) return static_cast<std::uint32_t>(byte);
  std::uint32_t stand_in = 0x100;
  for (int b = 0; b < byte; ++b) stand_in += prints(b) ? 0 : 1;
  return stand_in;
}

std::int32_t IdOf(const VocabularyMap& ids, const std::string& token) {
  const auto entry = ids.find(token);
  return entry == ids.end() ? BpeModel::kNoToken : entry->second;
}

absl::Status SetSpecialTokens(const std::string& path, const VocabularyMap& ids, SpecialTokens& special) {
  const std::pair<const char*, std::int32_t*> wanted[] = {{"<s>", &special.begin},
                                                          {"</s>", &special.end},
                                                          {"<pad>", &special.pad},
                                                          {"<unk>", &special.unknown},
                                                          {"<mask>", &special.mask}};
  for (const auto& [token, id] : wanted) {
    *id = IdOf(ids, token);
    if (*id == BpeModel::kNoToken) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": the special token ", token, " is missing"));
    }
  }
  return absl::OkStatus();
}

// Reads the merge on `line`, of rank `rank`, into `merges`. The error says what is wrong, without the place.
absl::Status AddMerge(std::string_view line, std::int32_t rank, const VocabularyMap& ids, BpeModel& model) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
    return absl::InvalidArgumentError("not two tokens with a space between");
  }
  const std::string left(line.substr(0, space));
  const std::string right(line.substr(space + 1));
  for (const std::string& token : {left, right, left + right}) {
    if (IdOf(ids, token) == BpeModel::kNoToken) {
      return absl::InvalidArgumentError(absl::StrCat("the token \"", token, "\" is not in the vocabulary"));
    }
  }
  const Merge merge{rank, IdOf(ids, left + right)};
  if (!model.merges.emplace(TokenPair{IdOf(ids, left), IdOf(ids, right)}, merge).second) {
    return absl::InvalidArgumentError(absl::StrCat("the merge \"", left, " ", right, "\" is given twice"));
  }
  return absl::OkStatus();
}

absl::Status ReadMerges(const std::string& path, const VocabularyMap& ids, BpeModel& model) {
  const absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  std::string_view rest = *content;
  for (int line_number = 1; !rest.empty(); ++line_number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line_number == 1 && line.starts_with("#version")) continue;
    const absl::Status status = AddMerge(line, static_cast<std::int32_t>(model.merges.size()), ids, model);
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ", line ", line_number, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BpeModel> ReadBpeModel(const std::string& model_dir) {
  const std::string vocabulary_path = absl::StrCat(model_dir, "/vocab.json");
  absl::StatusOr<VocabularyMap> ids = ReadVocabulary(vocabulary_path);
  if (!ids.ok()) return ids.status();

  BpeModel model;
  model.vocabulary_size = static_cast<int>(ids->size());
  for (int byte = 0; byte < 256; ++byte) {
    std::string token;
    unicode::Append(StandIn(byte), token);
    model.byte_tokens[byte] = IdOf(*ids, token);
  }
  absl::Status status = SetSpecialTokens(vocabulary_path, *ids, model.special);
  if (status.ok()) status = ReadMerges(absl::StrCat(model_dir, "/merges.txt"), *ids, model);
  if (!status.ok()) return status;
  return model;
}

}  // namespace lqvg
