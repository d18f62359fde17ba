#include "client/eval/gallery.h"

#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/eval/case_choice.h"
#include "client/eval/gallery_page.h"
#include "client/eval/shown_picture.h"
#include "files/atomic_file.h"

namespace lqvg::eval {
namespace {

absl::StatusOr<ShownPicture> Fetch(const PictureSource& source, const std::string& image) {
  absl::StatusOr<std::string> encoded = source(image);
  if (!encoded.ok()) return encoded.status();
  return ShowPicture(*std::move(encoded));
}

// Writes the picture as the `number`-th of the gallery. An error is the folder's: a picture's own is in the result.
absl::StatusOr<PagePicture> WritePicture(const PictureSource& source, const std::string& image, std::size_t number,
                                         const std::filesystem::path& folder) {
  const absl::StatusOr<ShownPicture> shown = Fetch(source, image);
  if (!shown.ok()) {
    return PagePicture{
        .file = "",
        .problem = absl::StrCat(absl::StatusCodeToString(shown.status().code()), ": ", shown.status().message())};
  }
  PagePicture picture{absl::StrFormat("%04d.%s", number, shown->extension), shown->width, shown->height, ""};
  if (absl::Status status = WriteAtomically((folder / picture.file).string(), shown->bytes); !status.ok()) {
    return status;
  }
  return picture;
}

}  // namespace

absl::Status WriteGallery(const Gallery& gallery, const PictureSource& source, const std::string& folder) {
  const std::filesystem::path own = std::filesystem::path(folder) / "gallery";
  std::error_code error;
  std::filesystem::create_directories(own, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat(own.string(), ": cannot be created"));

  const CaseChoice choice = ChooseCases(gallery);
  std::map<std::string, PagePicture> pictures;
  std::size_t written = 0;
  for (const std::vector<std::size_t>* cases : {&choice.worst, &choice.best, &choice.absent}) {
    for (const std::size_t i : *cases) {
      const std::string& image = gallery.cases[i].answered.image;
      if (pictures.contains(image)) continue;
      absl::StatusOr<PagePicture> picture = WritePicture(source, image, written + 1, own);
      if (!picture.ok()) return picture.status();
      if (!picture->file.empty()) ++written;
      pictures.emplace(image, *std::move(picture));
    }
  }
  // Last, so that a page never names a picture that is not there yet.
  return WriteAtomically((own / "index.html").string(), GalleryHtml(gallery, choice, pictures));
}

}  // namespace lqvg::eval
