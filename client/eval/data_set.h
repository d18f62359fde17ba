// What is asked, and with which pictures: the expressions of a data set as lines of a list (client/cli/list_run.h).
//
// The readers are stateless and block while they read; what they return is plain data. `pictures` may be called by
// several threads at once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/list_call.h"
#include "client/cli/list_file.h"
#include "client/load/pictures.h"
#include "train/datasets/annotation.h"

namespace lqvg::eval {

struct DataSet {
  std::string name;  // for the reports: "RSVG-HR rsvg_hr_test.txt"
  // In the data set's order. Each has a true box, or is `absent`. An expression may be there twice.
  std::vector<cli::ListItem> items;
  std::vector<datasets::Flaw> flaws;  // what its files had wrong
  cli::PictureSource pictures;
};

// A true box as an item has it; the same numbers.
cli::TruthBox TruthOf(const datasets::PixelBox& box);

// train/datasets/rsvg_hr_list.h says what is wrong in such a list, and the errors. Pictures are files in `images_dir`.
absl::StatusOr<DataSet> ReadRsvgHr(const std::string& list, const std::string& images_dir);

// train/datasets/dior_rsvg.h likewise. Has kinds.
absl::StatusOr<DataSet> ReadDiorRsvg(const std::string& annotations_dir, const std::string& index_file,
                                     const std::string& images_dir);

// A line for each expression; blank ones count for nothing:
//   {"image": "a.png", "expression": "the red ship", "box": [10, 20.5, 110, 80], "kind": "ship"}
// "box" is x_min, y_min, x_max, y_max in pixels, or null where nothing in the picture satisfies the expression. "kind"
// may be left out, and other members count for nothing. Skipped, and among the flaws: an empty or inside-out box.
// NOT_FOUND: no such file. INVALID_ARGUMENT: a file of more than 64 MiB; names file and line that is not of this form.
absl::StatusOr<DataSet> ReadJsonl(const std::string& path, const std::string& images_dir);

// Made-up scenes (train/scenes) that no training learns from, with up to 4 expressions each, a quarter of them of
// things that are not there, as training's own evaluation has them. Has kinds; an absent expression has that of what is
// looked for. Pictures are painted when they are asked for, and are PNG: "seed1-00000.png", "seed1-00001.png" and so
// on. The same arguments give the same expressions and bytes. `scenes` is above 0.
DataSet MakeSceneSet(int scenes, std::uint64_t seed, const std::vector<load::SizeShare>& sizes);

}  // namespace lqvg::eval
