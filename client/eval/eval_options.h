// The command line of `lqvg-eval`: which data set, which server, what is written where.
//
// Stateless. Every error but those of ReadDataSet is INVALID_ARGUMENT and for the person who typed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/arguments.h"
#include "client/eval/data_set.h"

namespace lqvg::eval {

struct EvalOptions {
  std::string source;  // which of the four is asked about: "--rsvg-hr", "--dior-rsvg", "--scenes", "--jsonl"
  std::string path, index, images_dir;  // of its files
  int scenes = 0;
  std::uint64_t seed = 1;                                    // of scenes
  std::vector<load::SizeShare> sizes = {load::SizeShare{}};  // likewise
  std::uint32_t limit = UINT32_MAX;                          // no more expressions than so many, the first ones

  std::string out;  // a folder
  bool resume = false, json = false;
  std::uint32_t gallery = 24;  // the worst cases that it shows, and as many best ones; 0: there is no gallery
  std::uint32_t concurrency = 4;
};

// With the options of client/cli/connection.h.
const std::vector<cli::Option>& EvalOptionTable();

absl::StatusOr<EvalOptions> ReadEvalOptions(const cli::Arguments& arguments);

// What is to be asked, never nothing. The errors are those of data_set.h; INVALID_ARGUMENT: no expression.
absl::StatusOr<DataSet> ReadDataSet(const EvalOptions& options);

}  // namespace lqvg::eval
