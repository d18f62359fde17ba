#include "tests/train/tiny_model.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace lqvg::train {

void MakeTinyModel(const std::string& folder) {
  const std::string demo = LQVG_SOURCE_DIR "/models/demo/";
  std::filesystem::create_directories(folder);
  for (const char* name : {"vocab.json", "merges.txt"}) {
    std::filesystem::copy_file(demo + name, folder + "/" + name, std::filesystem::copy_options::overwrite_existing);
  }
  std::ifstream file(demo + "config.json");
  nlohmann::json config = nlohmann::json::parse(file);
  config.erase("made_up_weights");
  config["backbone"] = {{"stem", 4}, {"widths", {4, 4, 4, 4}}, {"blocks", {1, 1, 1, 1}}};
  config["hidden_dim"] = 32;
  config["nheads"] = 8;
  config["enc_layers"] = 1;
  config["dec_layers"] = 2;
  config["dim_feedforward"] = 32;
  config["num_queries"] = 4;
  config["input_size"] = 128;
  config["text_encoder"]["hidden_size"] = 16;
  config["text_encoder"]["num_hidden_layers"] = 1;
  config["text_encoder"]["num_attention_heads"] = 2;
  config["text_encoder"]["intermediate_size"] = 16;
  std::ofstream(folder + "/config.json") << config.dump(2);
}

}  // namespace lqvg::train
