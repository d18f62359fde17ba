// Requests of the Open Inference Protocol, made as clients make them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inference/grpc_predict_v2.pb.h"

namespace lqvg::serving {

inline std::string RawElement(const std::string& element) {
  std::string raw;
  for (int i = 0; i < 4; ++i) raw.push_back(static_cast<char>(element.size() >> (8 * i)));
  return raw + element;
}

inline inference::ModelInferRequest::InferInputTensor& AddInput(const std::string& name,
                                                                const std::vector<std::int64_t>& shape,
                                                                inference::ModelInferRequest& request) {
  auto* const input = request.add_inputs();
  input->set_name(name);
  input->set_datatype("BYTES");
  for (const std::int64_t size : shape) input->add_shape(size);
  return *input;
}

inline void AddRawInput(const std::string& name, const std::vector<std::string>& elements,
                        const std::vector<std::int64_t>& shape, inference::ModelInferRequest& request) {
  AddInput(name, shape, request);
  std::string& raw = *request.add_raw_input_contents();
  for (const std::string& element : elements) raw += RawElement(element);
}

// Shapes [n].
inline inference::ModelInferRequest InferRequest(const std::vector<std::string>& images,
                                                 const std::vector<std::string>& expressions) {
  inference::ModelInferRequest request;
  AddRawInput("IMAGE", images, {static_cast<std::int64_t>(images.size())}, request);
  AddRawInput("EXPRESSION", expressions, {static_cast<std::int64_t>(expressions.size())}, request);
  return request;
}

}  // namespace lqvg::serving
