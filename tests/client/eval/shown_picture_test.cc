#include "client/eval/shown_picture.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "image/image_decoder.h"
#include "image/rejection.h"
#include "tests/support/read_file.h"
#include "tests/support/source_tree.h"

namespace lqvg::eval {
namespace {

std::string Fixture(const std::string& name) {
  const std::vector<std::uint8_t> bytes = ReadFile(SourceTree() + "/tests/image/fixtures/" + name);
  return {bytes.begin(), bytes.end()};
}

std::span<const std::uint8_t> Bytes(const std::string& encoded) {
  return {reinterpret_cast<const std::uint8_t*>(encoded.data()), encoded.size()};
}

std::vector<std::uint8_t> Pixels(const std::string& encoded) { return DecodeImage(Bytes(encoded), {})->image.rgb; }

TEST(ShowPicture, KeepsWhatABrowserShowsAsItIsStored) {
  for (const std::string name : {"rgb444.jpg", "rgb_progressive.jpg", "orientation1.jpg", "rgb_filtered.png"}) {
    const auto shown = ShowPicture(Fixture(name));
    ASSERT_TRUE(shown.ok()) << name << ": " << shown.status();
    EXPECT_EQ(shown->bytes, Fixture(name)) << name;
    EXPECT_EQ(shown->extension, name.substr(name.size() - 3)) << name;
  }
}

TEST(ShowPicture, MakesAPngWithTheSamePixelsOfWhatABrowserWouldNotShowOrWouldTurn) {
  for (const std::string name :
       {"rgb.tif", "orientation6.jpg", "orientation3.png", "orientation8.tif", "cmyk_adobe.jpg"}) {
    const auto shown = ShowPicture(Fixture(name));
    ASSERT_TRUE(shown.ok()) << name << ": " << shown.status();
    EXPECT_STREQ(shown->extension, "png") << name;
    EXPECT_EQ(shown->bytes.substr(1, 3), "PNG") << name;
    EXPECT_EQ(Pixels(shown->bytes), Pixels(Fixture(name))) << name;
    EXPECT_EQ(Pixels(shown->bytes).size(), std::size_t{3} * static_cast<std::size_t>(shown->width * shown->height));
  }
}

TEST(ShowPicture, KnowsThePicturesSize) {
  for (const char* name : {"rgb444.jpg", "orientation6.jpg", "rgb.tif"}) {
    const std::string file = Fixture(name);
    const ImageHeader expected = *ScanHeader(Bytes(file), {});
    const auto shown = ShowPicture(file);
    ASSERT_TRUE(shown.ok()) << name;
    EXPECT_NE(expected.width, expected.height) << name;
    EXPECT_EQ(shown->width, expected.width) << name;
    EXPECT_EQ(shown->height, expected.height) << name;
  }
}

TEST(ShowPicture, RejectsAsTheDecoderDoes) {
  EXPECT_EQ(ReasonOf(ShowPicture("GIF89a").status()), "UNSUPPORTED_IMAGE_FORMAT");
  // Its pixels are from byte 8 to 7888; the directory follows, so that only decoding finds the damage.
  std::string damaged = Fixture("rgb_tiff_adobe_deflate.tif");
  damaged.replace(4000, 100, 100, '\xFF');
  ASSERT_TRUE(ScanHeader(Bytes(damaged), {}).ok());
  EXPECT_EQ(ReasonOf(ShowPicture(damaged).status()), "IMAGE_CORRUPT");
}

}  // namespace
}  // namespace lqvg::eval
