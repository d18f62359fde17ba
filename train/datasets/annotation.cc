#include "train/datasets/annotation.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"

namespace lqvg::datasets {

std::size_t AnnotationSet::repaired() const {
  return static_cast<std::size_t>(std::ranges::count(flaws, true, &Flaw::is_repaired));
}

std::size_t AnnotationSet::skipped() const { return flaws.size() - repaired(); }

bool IsEmpty(const PixelBox& box) { return !(box.x_min < box.x_max && box.y_min < box.y_max); }

std::string DescribeSet(const AnnotationSet& set) {
  std::set<std::string> pictures;
  for (const Annotation& annotation : set.annotations) pictures.insert(annotation.picture);
  std::string text = absl::StrCat(set.annotations.size(), " expressions of ", pictures.size(), " pictures; ",
                                  set.repaired(), " repaired, ", set.skipped(), " skipped");
  for (const Flaw& flaw : set.flaws) absl::StrAppend(&text, "\n", flaw.place, ": ", flaw.description);
  return text;
}

}  // namespace lqvg::datasets
