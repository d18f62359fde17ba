#include "train/batch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace lqvg::train {

namespace {

float LabelOf(scenes::Truth truth) {
  return truth == scenes::Truth::kYes ? 1.0F : truth == scenes::Truth::kNo ? 0.0F : -1.0F;
}

Mentions CollateMentions(std::span<const Sample> samples, std::int64_t rows) {
  std::size_t most = 0;
  for (const Sample& sample : samples) {
    for (const Phrase& phrase : sample.phrases) most = std::max(most, phrase.mentioned.size());
  }
  const auto k = static_cast<std::int64_t>(most);
  const at::Tensor boxes = at::full({rows, k, 4}, 0.5F), valid = at::zeros({rows, k}, at::kBool);
  const at::Tensor facets = at::full({rows, k, scenes::kFacets}, -1.0F);
  std::int64_t row = 0;
  for (const Sample& sample : samples) {
    for (const Phrase& phrase : sample.phrases) {
      std::int64_t cell = row++ * k;
      for (const Mentioned& mentioned : phrase.mentioned) {
        std::copy(mentioned.cxcywh.begin(), mentioned.cxcywh.end(), boxes.mutable_data_ptr<float>() + cell * 4);
        std::transform(mentioned.facets.begin(), mentioned.facets.end(),
                       facets.mutable_data_ptr<float>() + cell * scenes::kFacets, LabelOf);
        valid.mutable_data_ptr<bool>()[cell++] = true;
      }
    }
  }
  return {boxes, facets, valid};
}

}  // namespace

Batch Collate(std::span<const Sample> samples, std::int64_t pad, at::Device device) {
  std::size_t rows = 0, longest = 0;
  for (const Sample& sample : samples) {
    rows += sample.phrases.size();
    for (const Phrase& phrase : sample.phrases) longest = std::max(longest, phrase.expression.token_ids.size());
  }
  const auto pictures = static_cast<std::int64_t>(samples.size()), b = static_cast<std::int64_t>(rows);
  const std::int64_t side = samples.front().canvas.side, tokens = static_cast<std::int64_t>(longest);
  const at::Tensor canvases = at::empty({pictures, side, side, 3}, at::kByte);
  const at::Tensor ids = at::full({b, tokens}, pad, at::kLong), valid = at::zeros({b, tokens}, at::kBool);
  const at::Tensor picture = at::empty({b}, at::kLong), boxes = at::empty({b, 4}, at::kFloat);
  const at::Tensor present = at::empty({b}, at::kBool);

  std::int64_t row = 0;
  for (std::int64_t i = 0; i < pictures; ++i) {
    const Sample& sample = samples[static_cast<std::size_t>(i)];
    std::memcpy(canvases[i].mutable_data_ptr<std::uint8_t>(), sample.canvas.rgb.data(), sample.canvas.rgb.size());
    for (const Phrase& phrase : sample.phrases) {
      const std::vector<std::int32_t>& from = phrase.expression.token_ids;
      std::copy(from.begin(), from.end(), ids.mutable_data_ptr<std::int64_t>() + row * tokens);
      std::fill_n(valid.mutable_data_ptr<bool>() + row * tokens, from.size(), true);
      std::copy(phrase.cxcywh.begin(), phrase.cxcywh.end(), boxes.mutable_data_ptr<float>() + row * 4);
      picture.mutable_data_ptr<std::int64_t>()[row] = i;
      present.mutable_data_ptr<bool>()[row] = phrase.present;
      ++row;
    }
  }
  const Mentions mentions = CollateMentions(samples, b);
  return {canvases.to(device),
          ids.to(device),
          valid.to(device),
          picture.to(device),
          {boxes.to(device), present.to(device)},
          {mentions.boxes.to(device), mentions.facets.to(device), mentions.valid.to(device)}};
}

std::future<BatchStream::Samples> BatchStream::Start(std::uint64_t n) const {
  return std::async(std::launch::async, [&source = source_, pictures = pictures_, n]() -> Samples {
    std::vector<Sample> samples;
    for (int i = 0; i < pictures; ++i) {
      absl::StatusOr<Sample> sample =
          source.Make(n * static_cast<std::uint64_t>(pictures) + static_cast<std::uint64_t>(i));
      if (!sample.ok()) return sample.status();
      samples.push_back(*std::move(sample));
    }
    return samples;
  });
}

absl::StatusOr<std::vector<Batch>> BatchStream::Take(std::uint64_t n) {
  if (!ahead_.valid() || next_ != n) ahead_ = Start(n);
  Samples samples = ahead_.get();
  if (!samples.ok()) return samples.status();
  next_ = n + 1;
  ahead_ = Start(next_);
  std::vector<Batch> batches;
  const std::span<const Sample> all = *samples;
  const auto parts = static_cast<std::size_t>(parts_);
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t begin = all.size() * part / parts, end = all.size() * (part + 1) / parts;
    batches.push_back(Collate(all.subspan(begin, end - begin), pad_, device_));
  }
  return batches;
}

}  // namespace lqvg::train
