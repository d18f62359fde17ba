// Which cases of an evaluation are worth a look.
//
// A pure function, thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "client/eval/gallery.h"

namespace lqvg::eval {

// Indices into Gallery::cases, each at most once, in the order to show.
struct CaseChoice {
  std::vector<std::size_t> worst;   // of the answered ones with a truth: lowest IoU first, among equals highest score
  std::vector<std::size_t> best;    // highest IoU first, among equals highest score
  std::vector<std::size_t> absent;  // answered, but nothing satisfies the expression: highest score first
  std::vector<std::size_t> failed;  // all without a box
  std::size_t with_truth = 0;       // answered ones that `worst` and `best` are chosen from
  std::size_t without_truth = 0;    // those that `absent` is chosen from
};

// Where there are fewer cases than gallery.worst + gallery.best, none is shown as both: the worse half, rounded up, may
// be among the worst and the others among the best. An IoU or a score that is missing or not a number counts as 0.
CaseChoice ChooseCases(const Gallery& gallery);

}  // namespace lqvg::eval
