#include "model/architecture.h"

#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/json_text.h"
#include "nlohmann/json.hpp"

namespace lqvg {
namespace {

using Json = nlohmann::json;

// Reads the keys of one JSON object and keeps the first fault, so that the table below reads as a table.
class Keys {
 public:
  Keys(const Json& object, std::string path) : object_(object), path_(std::move(path)) {}

  // A whole number in [low, high]; absent: `*value` keeps its default.
  void Integer(const char* key, int low, int high, int* value) {
    const auto found = object_.find(key);
    if (found == object_.end()) return;
    if (!found->is_number_integer() || found->get<std::int64_t>() < low || found->get<std::int64_t>() > high) {
      Fault(key, *found, absl::StrCat("a whole number in ", low, "..", high));
      return;
    }
    *value = found->get<int>();
  }

  // Exactly `wanted`; absent is fine.
  void Must(const char* key, const Json& wanted) {
    const auto found = object_.find(key);
    if (found != object_.end() && *found != wanted) Fault(key, *found, wanted.dump());
  }

  void Fault(const char* key, const Json& value, const std::string& wanted) {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(
        absl::StrCat("config.json: ", path_, key, " is ", ShownValue(value), ", must be ", wanted));
  }

  const absl::Status& status() const { return status_; }

 private:
  const Json& object_;
  const std::string path_;
  absl::Status status_;
};

absl::Status ReadStages(const Json& backbone, const char* key, int high, std::array<int, 4>* stages) {
  const auto found = backbone.find(key);
  if (found == backbone.end() || !found->is_array() || found->size() != stages->size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("config.json: backbone.", key, " must be a list of 4 whole numbers"));
  }
  for (std::size_t i = 0; i < stages->size(); ++i) {
    const Json& value = (*found)[i];
    if (!value.is_number_integer() || value.get<std::int64_t>() < 1 || value.get<std::int64_t>() > high) {
      return absl::InvalidArgumentError(absl::StrCat("config.json: backbone.", key, "[", i, "] is ", ShownValue(value),
                                                     ", must be a whole number in 1..", high));
    }
    (*stages)[i] = value.get<int>();
  }
  return absl::OkStatus();
}

absl::Status ReadBackbone(const Json& config, BackboneShape* shape) {
  const auto found = config.find("backbone");
  if (found == config.end() || *found == "resnet50") return absl::OkStatus();
  if (!found->is_object()) {
    return absl::InvalidArgumentError(absl::StrCat("config.json: backbone is ", ShownValue(*found),
                                                   ", must be \"resnet50\" or an object with stem, widths and blocks"));
  }
  Keys keys(*found, "backbone.");
  keys.Integer("stem", 1, 1024, &shape->stem);
  if (!keys.status().ok()) return keys.status();
  if (auto status = ReadStages(*found, "widths", 1024, &shape->widths); !status.ok()) return status;
  return ReadStages(*found, "blocks", 64, &shape->blocks);
}

absl::Status ReadTextEncoder(const Json& config, TextEncoderShape* shape) {
  const auto found = config.find("text_encoder");
  if (found == config.end()) return absl::OkStatus();
  if (!found->is_object()) return absl::InvalidArgumentError("config.json: text_encoder must be an object");
  Keys keys(*found, "text_encoder.");
  keys.Must("model_type", "roberta");
  keys.Must("hidden_act", "gelu");
  keys.Must("type_vocab_size", 1);
  keys.Integer("vocab_size", 1, 1'000'000, &shape->vocab_size);
  keys.Integer("hidden_size", 1, 8192, &shape->hidden_size);
  keys.Integer("num_hidden_layers", 1, 96, &shape->num_hidden_layers);
  keys.Integer("num_attention_heads", 1, 128, &shape->num_attention_heads);
  keys.Integer("intermediate_size", 1, 65'536, &shape->intermediate_size);
  keys.Integer("max_position_embeddings", 8, 8192, &shape->max_position_embeddings);
  keys.Integer("pad_token_id", 0, 4, &shape->pad_token_id);
  if (const auto eps = found->find("layer_norm_eps"); eps != found->end()) {
    if (!eps->is_number() || eps->get<double>() <= 0 || eps->get<double>() > 1e-2) {
      keys.Fault("layer_norm_eps", *eps, "a number above 0, at most 0.01");
    } else {
      shape->layer_norm_eps = eps->get<double>();
    }
  }
  if (keys.status().ok() && shape->hidden_size % shape->num_attention_heads != 0) {
    keys.Fault("hidden_size", shape->hidden_size,
               absl::StrCat("a multiple of num_attention_heads, ", shape->num_attention_heads));
  }
  return keys.status();
}

absl::StatusOr<Architecture> FromJson(const Json& config) {
  if (!config.is_object()) return absl::InvalidArgumentError("config.json: not a JSON object");
  Architecture architecture;
  Keys keys(config, "");
  keys.Must("format_version", 1);
  keys.Must("model_type", "lqvg");
  keys.Must("num_feature_levels", Architecture::kLevels);
  keys.Must("with_box_refine", true);
  keys.Must("num_classes", 1);
  keys.Integer("hidden_dim", 32, 2048, &architecture.hidden_dim);
  keys.Integer("nheads", 1, 64, &architecture.nheads);
  keys.Integer("enc_layers", 1, 24, &architecture.enc_layers);
  keys.Integer("dec_layers", 1, 24, &architecture.dec_layers);
  keys.Integer("enc_n_points", 1, 16, &architecture.enc_n_points);
  keys.Integer("dec_n_points", 1, 16, &architecture.dec_n_points);
  keys.Integer("dim_feedforward", 1, 65'536, &architecture.dim_feedforward);
  keys.Integer("num_queries", 1, 1000, &architecture.num_queries);
  keys.Integer("input_size", 64, 4096, &architecture.input_size);
  // GroupNorm has 32 groups; the sine positions need four channels at a time.
  if (keys.status().ok() && architecture.hidden_dim % 32 != 0) {
    keys.Fault("hidden_dim", architecture.hidden_dim, "a multiple of 32");
  }
  if (keys.status().ok() && architecture.hidden_dim % architecture.nheads != 0) {
    keys.Fault("hidden_dim", architecture.hidden_dim, absl::StrCat("a multiple of nheads, ", architecture.nheads));
  }
  if (const auto made_up = config.find("made_up_weights"); made_up != config.end()) {
    if (!made_up->is_boolean())
      keys.Fault("made_up_weights", *made_up, "true or false");
    else
      architecture.made_up_weights = made_up->get<bool>();
  }
  if (!keys.status().ok()) return keys.status();
  if (auto status = ReadBackbone(config, &architecture.backbone); !status.ok()) return status;
  if (auto status = ReadTextEncoder(config, &architecture.text_encoder); !status.ok()) return status;
  return architecture;
}

}  // namespace

absl::StatusOr<Architecture> ReadArchitecture(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  const std::string json(std::istreambuf_iterator<char>(file), {});
  return ParseArchitecture(json);
}

absl::StatusOr<Architecture> ParseArchitecture(std::string_view json) {
  const Json config = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (config.is_discarded()) return absl::InvalidArgumentError("config.json: not valid JSON");
  return FromJson(config);
}

}  // namespace lqvg
