// What is wrong with one request, in the order found, and what is said of it whatever the request is.
//
// Faults belongs to one thread; the functions are stateless.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "image/rejection.h"
#include "model/grounder.h"

namespace lqvg::serving {

class Faults {
 public:
  void Add(std::string_view reason, std::string field, std::string description);
  // Takes over what another check rejected, as a fault of `field`.
  void Add(const absl::Status& rejection, std::string field);

  bool empty() const { return violations_.empty(); }
  // OK without faults; else INVALID_ARGUMENT with the first one's reason and all as violations.
  absl::Status ToStatus() const;

 private:
  std::string reason_;
  std::vector<Violation> violations_;
};

// "33 bytes, the limit is 32".
std::string AboveLimit(std::uint64_t value, std::string_view unit, std::uint64_t limit);

// INVALID_ARGUMENT, MALFORMED_REQUEST: the bytes are not a message of that type.
absl::Status Malformed(std::string_view message_type);

// NOT_FOUND, MODEL_NOT_FOUND, if `wanted`, which came in `field`, is neither empty nor `model`'s name or digest.
absl::Status CheckModel(const std::string& wanted, const ModelInfo& model, const std::string& field);

}  // namespace lqvg::serving
