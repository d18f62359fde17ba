// What a request may be before anything of it is decoded. Plain values; GetModel tells them to clients.
#pragma once

#include <cstddef>

#include "image/image_decoder.h"

namespace lqvg::serving {

// Each limit is inclusive. Boxes per expression and tokens are limited by the model: see ModelInfo.
struct RequestLimits {
  std::size_t max_request_bytes = 16u << 20;  // of the whole message
  int max_expressions = 32;
  int max_expression_bytes = 4'096;  // UTF-8, as sent
  ImageLimits image = {};
};

}  // namespace lqvg::serving
