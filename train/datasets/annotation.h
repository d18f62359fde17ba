// One expression of a data set and the box that it means, and what a reader found wrong on its way to it.
//
// Plain data; thread-safe once read.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lqvg::datasets {

// A rectangle in picture pixels; (0, 0) is the top left corner of the top left pixel. It may reach over the picture's
// edge by as much as the annotator did: readers do not know how large the picture is.
struct PixelBox {
  float x_min = 0, y_min = 0, x_max = 0, y_max = 0;
  bool operator==(const PixelBox&) const = default;
};

struct Annotation {
  std::string picture;     // the file's name, without its folder
  PixelBox box;            // x_min < x_max and y_min < y_max
  std::string expression;  // as the file has it, without white space around it; never empty
  std::string kind;        // category of the object meant; empty where the data set does not say
  bool operator==(const Annotation&) const = default;
};

// An annotation that is not what its file says.
struct Flaw {
  std::string place;         // "train.txt:18"
  std::string description;   // what is wrong, and what was made of it
  bool is_repaired = false;  // in the set, repaired; otherwise not in the set
};

struct AnnotationSet {
  std::vector<Annotation> annotations;  // in the order of the data set's files
  std::vector<Flaw> flaws;

  std::size_t repaired() const;
  std::size_t skipped() const;
};

bool IsEmpty(const PixelBox& box);  // or turned inside out

// For a log: "2150 expressions of 1381 pictures; 1 repaired, 1 skipped", then a line for each flaw.
std::string DescribeSet(const AnnotationSet& set);

}  // namespace lqvg::datasets
