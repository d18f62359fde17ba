// Reads a safetensors file of the parity cases. For tests: wrong use throws and so fails the test.
//
// Not the reader that the server loads weights with, so that a mistake in that one cannot hide itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/read_file.h"

namespace lqvg {

class SafetensorsReader {
 public:
  explicit SafetensorsReader(const std::string& path) : bytes_(ReadFile(path)) {
    std::uint64_t header_bytes = 0;
    if (bytes_.size() < sizeof(header_bytes)) throw std::runtime_error("no safetensors file: " + path);
    std::memcpy(&header_bytes, bytes_.data(), sizeof(header_bytes));
    data_offset_ = sizeof(header_bytes) + header_bytes;
    header_ = nlohmann::json::parse(bytes_.begin() + sizeof(header_bytes),
                                    bytes_.begin() + static_cast<std::ptrdiff_t>(data_offset_));
  }

  std::vector<std::int64_t> Shape(const std::string& name) const { return header_.at(name).at("shape"); }

  std::vector<float> Floats(const std::string& name) const { return Values<float>(name, "F32"); }
  std::vector<std::int64_t> Ints(const std::string& name) const { return Values<std::int64_t>(name, "I64"); }

 private:
  template <typename Value>
  std::vector<Value> Values(const std::string& name, const char* dtype) const {
    const nlohmann::json& tensor = header_.at(name);
    if (tensor.at("dtype") != dtype) throw std::runtime_error(name + " is not " + dtype);
    const auto [begin, end] = tensor.at("data_offsets").get<std::pair<std::size_t, std::size_t>>();
    std::vector<Value> values((end - begin) / sizeof(Value));
    std::memcpy(values.data(), bytes_.data() + data_offset_ + begin, end - begin);
    return values;
  }

  std::vector<std::uint8_t> bytes_;
  std::size_t data_offset_ = 0;
  nlohmann::json header_;
};

}  // namespace lqvg
