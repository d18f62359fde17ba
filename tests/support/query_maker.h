// Prepared queries for the fake model, and the answers that they must get.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/letterbox.h"
#include "server/prepared_query.h"
#include "tests/support/fake_grounder.h"

namespace lqvg::serving {

// A canvas that differs for every `seed`, with the picture filling it.
inline Canvas MakeCanvas(std::uint32_t seed) {
  Canvas canvas;
  canvas.side = FakeGrounder::kSide;
  canvas.rgb.assign(static_cast<std::size_t>(canvas.side) * canvas.side * 3, 7);
  for (int i = 0; i < 4; ++i) canvas.rgb[i] = static_cast<std::uint8_t>(seed >> (8 * i));
  canvas.placement = {.image_width = canvas.side, .image_height = canvas.side};
  return canvas;
}

// One expression for each of `tokens`.
inline PreparedQuery MakeQuery(std::string image_key, std::uint32_t seed, const std::vector<std::int32_t>& tokens) {
  PreparedQuery query;
  query.image_key = std::move(image_key);
  query.canvas = MakeCanvas(seed);
  for (const std::int32_t token : tokens) query.expressions.push_back({.token_ids = {token, 2}});
  query.answer.image_width = query.answer.image_height = FakeGrounder::kSide;
  return query;
}

// The boxes that the fake model owes to expression `index` of `query`.
inline std::vector<Box> ExpectedBoxes(const PreparedQuery& query, std::size_t index) {
  return Answer(FakeGrounder::Expected(query.canvas, query.expressions.at(index)), query.canvas.placement,
                query.canvas.side, query.answer_options);
}

inline bool SameBoxes(const std::vector<Box>& a, const std::vector<Box>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].x_min != b[i].x_min || a[i].y_min != b[i].y_min || a[i].x_max != b[i].x_max || a[i].y_max != b[i].y_max ||
        a[i].score != b[i].score) {
      return false;
    }
  }
  return true;
}

// Whether `answer` is exactly what the fake model owes to `query`.
inline bool IsAnswerTo(const GroundAnswer& answer, const PreparedQuery& query) {
  if (answer.results.size() != query.expressions.size()) return false;
  for (std::size_t i = 0; i < answer.results.size(); ++i) {
    if (!answer.results[i].ok() || !SameBoxes(*answer.results[i], ExpectedBoxes(query, i))) return false;
  }
  return true;
}

}  // namespace lqvg::serving
