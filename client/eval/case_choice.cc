#include "client/eval/case_choice.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

namespace lqvg::eval {
namespace {

// Numbers that can be ordered: one that is not a number cannot.
double IouOf(const GalleryCase& shown) { return shown.iou && *shown.iou > 0 ? *shown.iou : 0; }
double ScoreOf(const GalleryCase& shown) { return shown.answered.score > 0 ? shown.answered.score : 0; }

}  // namespace

CaseChoice ChooseCases(const Gallery& gallery) {
  CaseChoice choice;
  std::vector<std::size_t> present;
  for (std::size_t i = 0; i < gallery.cases.size(); ++i) {
    const Answered& answered = gallery.cases[i].answered;
    (!answered.box ? choice.failed : answered.truth ? present : choice.absent).push_back(i);
  }
  choice.with_truth = present.size();
  choice.without_truth = choice.absent.size();

  std::ranges::stable_sort(choice.absent, std::greater(), [&](std::size_t i) { return ScoreOf(gallery.cases[i]); });
  choice.absent.resize(std::min(choice.absent.size(), gallery.worst));

  const std::size_t best = std::min(present.size() / 2, gallery.best);
  std::ranges::stable_sort(
      present, {}, [&](std::size_t i) { return std::tuple(-IouOf(gallery.cases[i]), -ScoreOf(gallery.cases[i])); });
  choice.best.assign(present.begin(), present.begin() + static_cast<std::ptrdiff_t>(best));
  present.erase(present.begin(), present.begin() + static_cast<std::ptrdiff_t>(best));
  // Equal ones stay in the order of their scores.
  std::ranges::stable_sort(present, {}, [&](std::size_t i) { return IouOf(gallery.cases[i]); });
  present.resize(std::min(present.size(), gallery.worst));
  choice.worst = std::move(present);
  return choice;
}

}  // namespace lqvg::eval
