// Answers to look at: a page with the worst and the best of an evaluation, each as its picture with the true box and
// the answered one.
//
// Blocks while pictures are fetched, decoded and written. Two threads may not write into the same folder at once.
//
// The page is static: it works from a folder without a server, has no scripts and asks nothing of any other machine.
// All texts of data sets and servers are escaped, and the files' names are its own.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/eval/answered.h"
#include "client/eval/reliability.h"

namespace lqvg::eval {

struct GalleryCase {
  Answered answered;
  std::optional<double> iou = {};  // of box and truth; empty where there is no box or no truth
};

struct GalleryFigure {
  std::string name, value;  // "acc@0.5", "0.812"
};

struct Gallery {
  std::string title;                   // "RSVG-HR test, answered by demo at 127.0.0.1:50051"
  std::vector<GalleryFigure> figures;  // in the order to show
  Reliability reliability;             // without answers there is no diagram
  std::vector<GalleryCase> cases;      // the whole evaluation
  std::size_t worst = 24;  // cases shown, at most: the lowest IoU, and as many for what is not there: highest score
  std::size_t best = 24;   // the highest IoU
};

// The encoded bytes (JPEG, PNG or TIFF) of a picture by Answered::image. Asked once for each picture shown.
using PictureSource = std::function<absl::StatusOr<std::string>(const std::string& image)>;

// Writes FOLDER/gallery/index.html, and 0001.png, 0002.jpg ... beside it; makes the folders. JPEG and PNG files stay
// as they are where a browser shows them as they are stored; others are written as PNG. Pictures of an earlier gallery
// are written over, but not removed.
//
// A picture that its source does not give, or that does not decode, is named in the page with the reason. Errors are
// those of the folder and its files only (files/atomic_file.h), and name them.
absl::Status WriteGallery(const Gallery& gallery, const PictureSource& source, const std::string& folder);

}  // namespace lqvg::eval
