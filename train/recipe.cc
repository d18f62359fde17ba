#include "train/recipe.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <numbers>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/json_text.h"
#include "nlohmann/json.hpp"

namespace lqvg::train {
namespace {

using Json = nlohmann::json;

// Reads the keys of one object and keeps the first fault. A key that nobody asked for is one: a recipe with a slip of
// the pen must not train for a night.
class Keys {
 public:
  Keys(const Json& object, std::string path) : object_(object), path_(std::move(path)) {}

  template <typename Number>
  void Range(const char* key, Number low, Number high, Number* value) {
    const Json* found = Find(key);
    if (found == nullptr) return;
    const bool fits = std::is_integral_v<Number> ? found->is_number_integer() : found->is_number();
    if (!fits || found->get<double>() < static_cast<double>(low) || found->get<double>() > static_cast<double>(high)) {
      return Fault(key, *found,
                   absl::StrCat(std::is_integral_v<Number> ? "a whole number" : "a number", " in ", low, "..", high));
    }
    *value = found->get<Number>();
  }
  void Flag(const char* key, bool* value) {
    const Json* found = Find(key);
    if (found == nullptr) return;
    if (!found->is_boolean()) return Fault(key, *found, "true or false");
    *value = found->get<bool>();
  }
  void Text(const char* key, std::string* value) {
    const Json* found = Find(key);
    if (found == nullptr) return;
    if (!found->is_string()) return Fault(key, *found, "a text");
    *value = found->get<std::string>();
  }
  void OneOf(const char* key, const std::set<std::string>& allowed, std::string* value) {
    Text(key, value);
    if (!allowed.contains(*value)) Fault(key, *value, absl::StrJoin(allowed, " or "));
  }
  void Texts(const char* key, std::vector<std::string>* values) {
    const Json* found = Find(key);
    if (found == nullptr) return;
    if (!found->is_array()) return Fault(key, *found, "a list of texts");
    for (const Json& value : *found) {
      if (!value.is_string()) return Fault(key, value, "a text");
      values->push_back(value.get<std::string>());
    }
  }
  // The object under `key`, or null when there is none.
  const Json* Object(const char* key) {
    const Json* found = Find(key);
    if (found != nullptr && !found->is_object()) Fault(key, *found, "an object");
    return found != nullptr && found->is_object() ? found : nullptr;
  }
  const Json* List(const char* key) {
    const Json* found = Find(key);
    if (found != nullptr && !found->is_array()) Fault(key, *found, "a list");
    return found != nullptr && found->is_array() ? found : nullptr;
  }
  void Fault(const std::string& key, const Json& value, const std::string& wanted) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(
        absl::StrCat("recipe: ", path_, key, " is ", ShownValue(value), ", must be ", wanted));
  }
  absl::Status Finish() {
    for (const auto& [key, value] : object_.items()) {
      if (!known_.contains(key)) Fault(key, value, "left out: there is no such key");
    }
    return status_;
  }

 private:
  const Json* Find(const char* key) {
    known_.insert(key);
    const auto found = object_.find(key);
    return found == object_.end() ? nullptr : &*found;
  }

  const Json& object_;
  const std::string path_;
  std::set<std::string, std::less<>> known_;
  absl::Status status_;
};

absl::Status ReadData(const Json* scenes, const Json* lists, Recipe* recipe) {
  if ((scenes == nullptr) == (lists == nullptr)) {
    return absl::InvalidArgumentError("recipe: exactly one of \"scenes\" and \"lists\" must say what to learn from");
  }
  if (scenes != nullptr) {
    Keys keys(*scenes, "scenes.");
    keys.Range("absent_share", 0.0, 0.9, &recipe->scenes.absent_share);
    keys.Range("comparing_share", 0.0, 1.0, &recipe->scenes.comparing_share);
    keys.Range("counting_share", 0.0, 1.0, &recipe->scenes.counting_share);
    keys.Range("nearness_share", 0.0, 1.0, &recipe->scenes.nearness_share);
    keys.Range("resized_share", 0.0, 1.0, &recipe->scenes.resized_share);
    return keys.Finish();
  }
  Keys keys(*lists, "lists.");
  keys.OneOf("format", {"rsvg-hr", "dior-rsvg"}, &recipe->lists.format);
  keys.Text("train", &recipe->lists.train);
  keys.Text("validation", &recipe->lists.validation);
  keys.Text("annotations", &recipe->lists.annotations);
  keys.Text("pictures", &recipe->lists.pictures);
  return keys.Finish();
}

absl::Status ReadRates(const Json* rates, Recipe* recipe) {
  if (rates == nullptr) return absl::OkStatus();
  for (const Json& entry : *rates) {
    if (!entry.is_object()) return absl::InvalidArgumentError("recipe: rates must be a list of objects");
    Keys keys(entry, "rates[].");
    Recipe::Rate rate;
    keys.Texts("parts", &rate.parts);
    keys.Range("rate", 0.0, 100.0, &rate.rate);
    if (absl::Status status = keys.Finish(); !status.ok()) return status;
    recipe->rates.push_back(rate);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Recipe> ReadRecipe(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  return ParseRecipe(std::string(std::istreambuf_iterator<char>(file), {}));
}

absl::StatusOr<Recipe> ParseRecipe(std::string_view json) {
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return absl::InvalidArgumentError("recipe: not a JSON object");
  Recipe recipe;
  Keys keys(document, "");
  keys.Range<std::uint64_t>("seed", 0, std::uint64_t{1} << 31, &recipe.seed);
  keys.Text("model_dir", &recipe.model_dir);
  keys.Flag("from_scratch", &recipe.from_scratch);
  keys.OneOf("batch_norms", {"auto", "frozen", "trained"}, &recipe.batch_norms);
  keys.Texts("begin_anew", &recipe.begin_anew);
  keys.Texts("frozen", &recipe.frozen);
  keys.Range<std::int64_t>("steps", 1, 100'000'000, &recipe.steps);
  keys.Range("pictures_per_step", 1, 4096, &recipe.pictures_per_step);
  keys.Range("expressions_per_picture", 1, 64, &recipe.expressions_per_picture);
  keys.Range("parts_per_step", 1, 64, &recipe.parts_per_step);
  keys.Range("learning_rate", 0.0, 1.0, &recipe.learning_rate);
  keys.Range<std::int64_t>("warm_up_steps", 0, 100'000'000, &recipe.warm_up_steps);
  keys.Range("decay_from", 0.0, 1.0, &recipe.decay_from);
  keys.Range("weight_decay", 0.0, 1.0, &recipe.weight_decay);
  keys.Range("max_gradient_norm", 1e-6, 1e6, &recipe.max_gradient_norm);
  keys.Range("average_decay", 0.0, 0.999999, &recipe.average_decay);
  keys.Range("focal", 0.0, 1000.0, &recipe.focal);
  keys.Range("l1", 0.0, 1000.0, &recipe.l1);
  keys.Range("giou", 0.0, 1000.0, &recipe.giou);
  keys.Range("facets", 0.0, 1000.0, &recipe.facets);
  keys.OneOf("precision", {"auto", "fp32", "bf16"}, &recipe.precision);
  keys.Range<std::int64_t>("checkpoint_every", 1, 100'000'000, &recipe.checkpoint_every);
  keys.Range<std::int64_t>("evaluate_every", 0, 100'000'000, &recipe.evaluate_every);
  keys.Range("evaluate_pictures", 1, 1'000'000, &recipe.evaluate_pictures);
  const Json *scenes = keys.Object("scenes"), *lists = keys.Object("lists"), *rates = keys.List("rates");
  if (absl::Status status = keys.Finish(); !status.ok()) return status;
  if (absl::Status status = ReadData(scenes, lists, &recipe); !status.ok()) return status;
  if (absl::Status status = ReadRates(rates, &recipe); !status.ok()) return status;
  if (lists != nullptr && recipe.facets > 0) {
    return absl::InvalidArgumentError(absl::StrCat("recipe: facets is ", recipe.facets,
                                                   ", must be 0 with lists: they do not tell of the other objects"));
  }
  if (recipe.parts_per_step > recipe.pictures_per_step) {
    return absl::InvalidArgumentError(absl::StrCat("recipe: parts_per_step is ", recipe.parts_per_step,
                                                   ", must be at most pictures_per_step, which is ",
                                                   recipe.pictures_per_step));
  }
  if (recipe.parts_per_step > 1 && !FreezesBatchNorms(recipe)) {
    return absl::InvalidArgumentError(absl::StrCat("recipe: parts_per_step is ", recipe.parts_per_step,
                                                   ", must be 1 unless batch norms are frozen: their statistics are of "
                                                   "a whole step"));
  }
  if (recipe.model_dir.empty()) return absl::InvalidArgumentError("recipe: model_dir must name a model directory");
  return recipe;
}

bool FreezesBatchNorms(const Recipe& recipe) {
  return recipe.batch_norms == "auto" ? !recipe.from_scratch : recipe.batch_norms == "frozen";
}

double LearningRate(const Recipe& recipe, std::int64_t step) {
  if (step < recipe.warm_up_steps) {
    return recipe.learning_rate * static_cast<double>(step) / static_cast<double>(recipe.warm_up_steps);
  }
  const double done = static_cast<double>(step - 1) / static_cast<double>(recipe.steps);
  if (done <= recipe.decay_from) return recipe.learning_rate;
  const double decayed = (done - recipe.decay_from) / (1 - recipe.decay_from);
  return recipe.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * decayed));
}

}  // namespace lqvg::train
