#include "client/eval/gallery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "image/png_writer.h"
#include "tests/client/eval/cases.h"
#include "tests/support/read_file.h"
#include "tests/support/source_tree.h"
#include "tests/support/temporary_folder.h"

namespace lqvg::eval {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

std::string BlackPng() {
  const auto png = EncodePng({100, 80, std::vector<std::uint8_t>(100 * 80 * 3)});
  return {png->begin(), png->end()};
}

std::string Tiff() {
  const auto bytes = ReadFile(SourceTree() + "/tests/image/fixtures/rgb.tif");
  return {bytes.begin(), bytes.end()};
}

// Gives what it holds; remembers how often it was asked for each.
struct Pictures {
  std::map<std::string, std::string> encoded = {{"port.png", BlackPng()}, {"pier.tif", Tiff()}, {"text", "no picture"}};
  std::map<std::string, int> asked = {};

  PictureSource Source() {
    return [this](const std::string& image) -> absl::StatusOr<std::string> {
      ++asked[image];
      if (!encoded.contains(image)) return absl::NotFoundError(image + ": there is no such file");
      return encoded[image];
    };
  }
};

GalleryCase Of(const std::string& image, GalleryCase shown) {
  shown.answered.image = image;
  return shown;
}

std::vector<std::string> FilesOf(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  return names;
}

TEST(WriteGallery, WritesThePageAndItsPicturesUnderItsOwnNames) {
  const TemporaryFolder folder;
  Pictures pictures;
  Gallery gallery;
  gallery.cases = {Of("port.png", Present("ship", 0.1, 0.5F)), Of("pier.tif", Present("pier", 0.9, 0.5F))};
  ASSERT_TRUE(WriteGallery(gallery, pictures.Source(), folder.Path("made/too")).ok());
  EXPECT_THAT(FilesOf(folder.Path("made/too/gallery")), UnorderedElementsAre("index.html", "0001.png", "0002.png"));
  EXPECT_EQ(folder.Read("made/too/gallery/0001.png"), BlackPng());
  EXPECT_EQ(folder.Read("made/too/gallery/0002.png").substr(1, 3), "PNG");
  EXPECT_THAT(folder.Read("made/too/gallery/index.html"),
              testing::AllOf(HasSubstr("src=\"0001.png\" width=\"100\" height=\"80\""), HasSubstr("src=\"0002.png\"")));
}

TEST(WriteGallery, FetchesAndWritesEachPictureOnce) {
  const TemporaryFolder folder;
  Pictures pictures;
  Gallery gallery;
  gallery.cases = {Present("a", 0.1, 0.5F), Present("b", 0.9, 0.5F), Absent("c", 0.5F),
                   Of("pier.tif", Failed("d", "INTERNAL"))};
  ASSERT_TRUE(WriteGallery(gallery, pictures.Source(), folder.Path(".")).ok());
  EXPECT_THAT(pictures.asked, UnorderedElementsAre(std::pair("port.png", 1)));
  EXPECT_THAT(FilesOf(folder.Path("gallery")), UnorderedElementsAre("index.html", "0001.png"));
}

TEST(WriteGallery, FetchesOnlyWhatItShows) {
  const TemporaryFolder folder;
  Pictures pictures;
  Gallery gallery;
  gallery.worst = 1;
  gallery.best = 1;
  gallery.cases = {Present("a", 0.1, 0.5F), Of("pier.tif", Present("b", 0.5, 0.5F)), Present("c", 0.9, 0.5F)};
  ASSERT_TRUE(WriteGallery(gallery, pictures.Source(), folder.Path(".")).ok());
  EXPECT_THAT(pictures.asked, UnorderedElementsAre(std::pair("port.png", 1)));
}

TEST(WriteGallery, NamesPicturesThatCannotBeReadAndShowsTheOthers) {
  const TemporaryFolder folder;
  Pictures pictures;
  Gallery gallery;
  gallery.cases = {Of("gone.png", Present("a", 0.1, 0.5F)), Of("text", Present("b", 0.2, 0.5F)),
                   Of("port.png", Present("c", 0.9, 0.5F))};
  ASSERT_TRUE(WriteGallery(gallery, pictures.Source(), folder.Path(".")).ok());
  EXPECT_THAT(FilesOf(folder.Path("gallery")), UnorderedElementsAre("index.html", "0001.png"));
  const std::string page = folder.Read("gallery/index.html");
  EXPECT_THAT(page, HasSubstr("This picture cannot be shown: <bdi>NOT_FOUND: gone.png: there is no such file</bdi>"));
  EXPECT_THAT(page, HasSubstr("This picture cannot be shown: <bdi>INVALID_ARGUMENT: "));
  EXPECT_THAT(page, HasSubstr("src=\"0001.png\""));
}

TEST(WriteGallery, TellsWhereItCannotWrite) {
  const TemporaryFolder folder;
  Pictures pictures;
  const std::string file = folder.Write("file", "");
  EXPECT_THAT(std::string(WriteGallery({}, pictures.Source(), file).message()),
              StartsWith(file + "/gallery: cannot be"));

  std::filesystem::create_directories(folder.Path("gallery/0001.png"));
  Gallery gallery;
  gallery.cases = {Present("a", 0.1, 0.5F)};
  EXPECT_THAT(std::string(WriteGallery(gallery, pictures.Source(), folder.Path(".")).message()), HasSubstr("0001.png"));
  EXPECT_THAT(FilesOf(folder.Path("gallery")), Not(testing::Contains("index.html")));
}

}  // namespace
}  // namespace lqvg::eval
