// Figures told to people (text) and to programs (JSON).
//
// Pure functions, thread-safe.
#pragma once

#include <string>
#include <vector>

#include "client/eval/gallery.h"
#include "client/eval/metrics.h"

namespace lqvg::eval {

// What one may compare the figures with: the published protocol, and when it was kept.
std::string ProtocolText();

// A table: all, those that were answered, each kind; then what failed, the AUROC, the reliability of the score, and
// ProtocolText. `data_set` is its heading. Shares are 0..1, as the official code prints them.
std::string ToText(const std::string& data_set, const Figures& figures);

// The few that stand at the head of a page, as name and value.
std::vector<GalleryFigure> HeadFigures(const Figures& figures);

// An object, whose names docs/evaluate.md lists. What was not measured, such as the accuracy where no expression has a
// true box, is null.
std::string ToJson(const std::string& data_set, const Figures& figures);

}  // namespace lqvg::eval
