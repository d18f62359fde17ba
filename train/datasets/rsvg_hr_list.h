// Reads the annotation lists of RSVG-HR: a line `picture,xmin,ymin,xmax,ymax,expression` for each expression, where the
// expression is everything after the fifth comma.
//
// Stateless and thread-safe; blocks while it reads.
//
// The published lists hold two flaws. The official reader (LANMNG/LQVG, datasets/rsvg_mm.py) splits at every comma,
// takes fields 1 to 4 and the last one, and checks nothing; so it trains on two boxes that are turned inside out:
//
//   train:18   `...,170.0,774.0,216,00,803.21,find ...`: a decimal comma, read as the box (170, 774, 216, 0)
//   train:450  `...,556.5,461.5,511.1,602.12,find ...`: x_max is left of x_min
//
// Here the first is repaired, because there is one reading only: five numbers stand where four belong, and
// of the neighbours among them just one pair, joined by a point, gives a box that is not empty. The second is skipped:
// nothing says which of the numbers is wrong, and swapping them would make up a box.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "train/datasets/annotation.h"

namespace lqvg::datasets {

// Repaired: a decimal comma. Skipped: an empty or inside-out box, an empty expression, a decimal comma that more than
// one repair fits or none. Each is among the set's flaws. Blank lines count for nothing. `kind` stays empty: a
// picture's name says what it was collected for, and its expressions may mean something else.
//
// NOT_FOUND: no such file. INVALID_ARGUMENT names file and line: where the official reader would fail too, with fewer
// than five commas or a coordinate that is not a finite number; a line without a picture; a file of more than 64 MiB.
absl::StatusOr<AnnotationSet> ReadRsvgHrList(const std::string& path);

}  // namespace lqvg::datasets
