// The gallery's page as text.
//
// A pure function, thread-safe. Everything that comes from a data set or a server is escaped here; bytes that are not
// UTF-8 become question marks. The page is well-formed XML too, so that programs can read it.
#pragma once

#include <map>
#include <string>

#include "client/eval/case_choice.h"
#include "client/eval/gallery.h"

namespace lqvg::eval {

// A picture beside the page; one that cannot be shown has no `file`, and `problem` says why.
struct PagePicture {
  std::string file;
  int width = 0, height = 0;  // pixels
  std::string problem;
};

// `pictures` by Answered::image, of every case chosen that has a box.
std::string GalleryHtml(const Gallery& gallery, const CaseChoice& choice,
                        const std::map<std::string, PagePicture>& pictures);

}  // namespace lqvg::eval
