#include "model/json_text.h"

#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace lqvg {
namespace {

std::string Cut(std::string text) {
  constexpr std::size_t kMaxBytes = 100;
  if (text.size() <= kMaxBytes) return text;
  text.resize(kMaxBytes);
  return text + "...";
}

}  // namespace

std::string ShownValue(const nlohmann::json& value) {
  if (value.is_array()) return "an array";
  if (value.is_object()) return "an object";
  return Cut(value.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/true));
}

std::string ShownName(std::string_view name) { return Cut(absl::CEscape({name.data(), name.size()})); }

}  // namespace lqvg
