// Samples of pictures and expressions that somebody listed: RSVG-HR, DIOR-RSVG.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/tokenizer.h"
#include "train/datasets/annotation.h"
#include "train/samples.h"

namespace lqvg::train {

struct ListSampleOptions {
  std::uint64_t seed = 1;
  std::string pictures;  // the folder that they are in
  int input_size = 1024;
  int expressions = 4;   // at most, per picture; of more, other ones at each turn
  bool shuffled = true;  // every turn through the list in an order of its own
};

class ListSamples final : public SampleSource {
 public:
  // Expressions are tokenised here, so that one that is too long for the model ends a training before it begins:
  // INVALID_ARGUMENT names it, as an empty set. `tokenizer` is used during the call only.
  static absl::StatusOr<std::unique_ptr<ListSamples>> Create(const datasets::AnnotationSet& set,
                                                             const Tokenizer& tokenizer, int max_tokens,
                                                             ListSampleOptions options);

  // Reads and decodes a picture: NOT_FOUND and the decoder's errors name the file.
  absl::StatusOr<Sample> Make(std::uint64_t index) const override;

  std::size_t pictures() const { return pictures_.size(); }

 private:
  struct Meant {
    Expression expression;
    datasets::PixelBox box;
  };
  struct Picture {
    std::string name;
    std::vector<Meant> meant;
  };
  explicit ListSamples(ListSampleOptions options) : options_(std::move(options)) {}

  const ListSampleOptions options_;
  std::vector<Picture> pictures_;  // in the order of the list
};

}  // namespace lqvg::train
