// TIFF: what the walk over the directories refuses, what libtiff refuses, and what passes.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/image/crafted_files.h"
#include "tests/image/expect_rejection.h"

namespace lqvg {
namespace {

using Tags = std::map<int, std::vector<std::uint32_t>>;

// The plain file with `tags` in place of its own; an empty list removes a tag.
TiffRecipe With(const Tags& tags) {
  TiffRecipe recipe;
  for (const auto& [tag, values] : tags) {
    recipe.tags[tag] = values;
    if (values.empty()) recipe.tags.erase(tag);
  }
  return recipe;
}

Tags Tiles(std::uint32_t width, std::uint32_t height) {
  return {{273, {}}, {278, {}}, {279, {}}, {322, {width}}, {323, {height}}, {324, {8}}, {325, {1024}}};
}

TEST(TiffTest, ThePlainFileIsAccepted) { ExpectAccepted(TiffFile({})); }

TEST(TiffTest, AStripMayHoldTheWholePictureWhateverItsSize) {
  TiffRecipe recipe = With({{256, {400}}, {257, {300}}, {278, {0xFFFFFFFF}}, {279, {400 * 300}}});
  recipe.data.resize(400 * 300);
  ExpectAccepted(TiffFile(recipe));
}

TEST(TiffTest, PixelFormatsBeyondEightBitsAndFourSamplesAreUnsupported) {
  const std::pair<const char*, Tags> files[] = {
      {"16 bits", {{258, {16}}}},
      {"float", {{258, {32}}, {339, {3}}}},
      {"signed", {{339, {2}}}},
      {"12 bits", {{258, {12}}}},
      {"5 samples", {{262, {2}}, {277, {5}}, {258, {8, 8, 8, 8, 8}}}},
      {"65535 samples", {{262, {2}}, {277, {65535}}}},
      {"mixed bits", {{262, {2}}, {277, {3}}, {258, {8, 8, 16}}}},
      {"2 samples RGB", {{262, {2}}, {277, {2}}, {258, {8, 8}}}},
      {"4-bit RGB", {{262, {2}}, {277, {3}}, {258, {4, 4, 4}}}},
      {"CIELab", {{262, {8}}, {277, {3}}, {258, {8, 8, 8}}}},
      {"uncompressed YCbCr", {{262, {6}}, {277, {3}}, {258, {8, 8, 8}}}},
      {"inks that are not CMYK", {{262, {5}}, {277, {4}}, {258, {8, 8, 8, 8}}, {332, {2}}}},
      {"fax", {{259, {4}}, {258, {1}}}},
      {"old JPEG", {{259, {6}}}},
      {"ZSTD", {{259, {50000}}}},
      {"LERC", {{259, {34887}}}},
      {"float predictor", {{259, {8}}, {317, {3}}}},
  };
  for (const auto& [name, tags] : files) {
    SCOPED_TRACE(name);
    ExpectRejectedByHeader(TiffFile(With(tags)), "UNSUPPORTED_PIXEL_FORMAT");
  }
}

TEST(TiffTest, ASecondPageIsRefused) { ExpectRejectedByHeader(TiffFileOfTwo({}, {}), "MULTI_FRAME_UNSUPPORTED"); }

TEST(TiffTest, ReducedVersionsAndMasksAreNoPages) {
  ExpectAccepted(TiffFileOfTwo({}, With({{254, {1}}})));
  ExpectAccepted(TiffFileOfTwo({}, With({{254, {4}}, {258, {1}}})));
  ExpectRejectedByHeader(TiffFileOfTwo({}, With({{254, {2}}})), "MULTI_FRAME_UNSUPPORTED");
}

TEST(TiffTest, ALoopOfDirectoriesIsCorrupt) {
  ExpectRejectedByHeader(TiffFile({.next_directory = kOwnOffset}), "IMAGE_CORRUPT");
  TiffRecipe second = With({{254, {1}}});
  second.next_directory = kOwnOffset;
  ExpectRejectedByHeader(TiffFileOfTwo({}, second), "IMAGE_CORRUPT");
}

TEST(TiffTest, TheNumberOfDirectoriesIsLimited) {
  Bytes file = {'I', 'I', 42, 0, 0, 0, 0, 0};
  TiffRecipe recipe;
  Append(&file, recipe.data);
  std::uint32_t next = 0;
  for (int i = 0; i < 64; ++i) {
    TiffRecipe reduced = With({{254, {1}}});
    reduced.next_directory = next;
    next = AppendTiffDirectory(reduced, &file);
  }
  recipe.next_directory = next;
  const Bytes first = LittleEndian(AppendTiffDirectory(recipe, &file), 4);
  std::copy(first.begin(), first.end(), file.begin() + 4);
  ExpectRejectedByHeader(file, "IMAGE_LIMIT_EXCEEDED");
}

TEST(TiffTest, TheNumberOfStripsIsLimitedInclusively) {
  TiffRecipe recipe = With({{278, {1}}});
  recipe.tags[273].clear();
  recipe.tags[279].clear();
  for (std::uint32_t row = 0; row < 32; ++row) {
    recipe.tags[273].push_back(8 + row * 32);
    recipe.tags[279].push_back(32);
  }
  ImageLimits limits;
  limits.max_tiff_strips = 32;
  ExpectAccepted(TiffFile(recipe), limits);
  limits.max_tiff_strips = 31;
  ExpectRejectedByHeader(TiffFile(recipe), "IMAGE_LIMIT_EXCEEDED", limits);
}

TEST(TiffTest, OneByOneTilesExceedTheLimitOfTiles) {
  Tags tags = Tiles(1, 1);
  tags[256] = {4096};
  tags[257] = {4096};
  ExpectRejectedByHeader(TiffFile(With(tags)), "IMAGE_LIMIT_EXCEEDED");
}

TEST(TiffTest, TilesFarLargerThanThePictureAreRefused) {
  ExpectAccepted(TiffFile(With(Tiles(32, 32))));
  ExpectRejectedByHeader(TiffFile(With(Tiles(0xFFFFFFF0, 0xFFFFFFF0))), "IMAGE_LIMIT_EXCEEDED");
  ImageLimits limits;
  limits.max_decoded_bytes = 64 * 64 - 1;
  ExpectRejectedByHeader(TiffFile(With(Tiles(64, 64))), "IMAGE_TOO_LARGE", limits);
}

TEST(TiffTest, BlocksWithoutASizeAreCorrupt) {
  ExpectRejectedByHeader(TiffFile(With(Tiles(0, 32))), "IMAGE_CORRUPT");
  ExpectRejectedByHeader(TiffFile(With(Tiles(32, 0))), "IMAGE_CORRUPT");
  ExpectRejectedByHeader(TiffFile(With({{278, {0}}})), "IMAGE_CORRUPT");
}

TEST(TiffTest, StripsOutsideTheFileAreCorrupt) {
  ExpectRejectedByHeader(TiffFile(With({{273, {0xFFFFFFFF}}})), "IMAGE_CORRUPT");
  ExpectRejectedByHeader(TiffFile(With({{279, {0xFFFFFFFF}}})), "IMAGE_CORRUPT");
  ExpectRejectedByHeader(TiffFile(With({{279, {0}}})), "IMAGE_CORRUPT");
  ExpectRejectedByHeader(TiffFile(With({{279, {}}})), "IMAGE_CORRUPT");
  ExpectRejectedByHeader(TiffFile(With({{273, {8, 8}}, {279, {8, 8}}})), "IMAGE_CORRUPT");
}

TEST(TiffTest, StripsThatShareTheirBytesAreCorrupt) {
  TiffRecipe recipe = With({{278, {1}}});
  recipe.tags[273].assign(32, 8);
  recipe.tags[279].assign(32, 1024);
  ExpectRejectedByHeader(TiffFile(recipe), "IMAGE_CORRUPT");
}

TEST(TiffTest, AStripThatIsTooShortIsCorrupt) {
  ExpectRejectedByHeader(TiffFile(With({{279, {1023}}})), "IMAGE_CORRUPT");
  ExpectRejectedByHeader(TiffFile(With(Tiles(48, 48))), "IMAGE_CORRUPT");
}

TEST(TiffTest, FilesWithoutASizeOrADirectoryAreCorrupt) {
  ExpectRejectedByHeader(TiffFile(With({{256, {}}})), "IMAGE_CORRUPT");
  ExpectRejectedByHeader(TiffFile(With({{257, {}}})), "IMAGE_CORRUPT");
  ExpectRejectedByHeader({'I', 'I', 42, 0}, "IMAGE_CORRUPT");
  ExpectRejectedByHeader({'I', 'I', 42, 0, 0, 0, 0, 0}, "IMAGE_CORRUPT");
  ExpectRejectedByHeader({'I', 'I', 42, 0, 0xFF, 0xFF, 0xFF, 0xFF}, "IMAGE_CORRUPT");
  ExpectRejectedByHeader({'I', 'I', 43, 0, 8, 0, 0, 0}, "IMAGE_CORRUPT");
  ExpectRejectedByHeader({'M', 'M', 0, 43, 0, 8, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xF0},
                         "IMAGE_CORRUPT");
}

TEST(TiffTest, APaletteThatIsMissingIsCorrupt) {
  EXPECT_EQ(DecodeReason(TiffFile(With({{262, {3}}}))), "IMAGE_CORRUPT");
}

TEST(TiffTest, ADirectoryThatLibtiffReadsInAnotherWayIsCorrupt) {
  // A signed photometric interpretation: libtiff takes it as 1, for us it is no number and so the default, 0.
  Bytes file = TiffFile({});
  const std::uint8_t entry[] = {0x06, 0x01, 4, 0};  // tag 262, LONG
  const auto found = std::search(file.begin(), file.end(), std::begin(entry), std::end(entry));
  ASSERT_NE(found, file.end());
  found[2] = 9;  // SLONG
  EXPECT_EQ(ScanReason(file), "");
  EXPECT_EQ(DecodeReason(file), "IMAGE_CORRUPT");
}

TEST(TiffTest, CompressedDataThatIsNoneIsCorrupt) {
  for (const std::uint32_t compression : {5u, 8u, 32946u}) {
    EXPECT_EQ(DecodeReason(TiffFile(With({{259, {compression}}}))), "IMAGE_CORRUPT") << compression;
  }
}

TEST(TiffTest, TheLimitsOfJpegHoldInsideOfTiff) {
  TiffRecipe recipe = With({{256, {61}}, {257, {43}}, {259, {7}}, {278, {43}}});
  recipe.data = Fixture("grey.jpg");
  recipe.tags[279] = {static_cast<std::uint32_t>(recipe.data.size())};
  ExpectAccepted(TiffFile(recipe));
  ImageLimits limits;
  limits.max_ancillary_bytes = 10;
  ExpectRejectedByHeader(TiffFile(recipe), "IMAGE_LIMIT_EXCEEDED", limits);
  recipe.tags[279][0] -= 2;  // without its end marker
  ExpectRejectedByHeader(TiffFile(recipe), "IMAGE_CORRUPT");
  recipe.data = Fixture("grey_progressive.jpg");
  recipe.tags[279] = {static_cast<std::uint32_t>(recipe.data.size())};
  ExpectRejectedByHeader(TiffFile(recipe), "UNSUPPORTED_PIXEL_FORMAT");
}

TEST(TiffTest, AJpegLargerThanItsStripIsCorrupt) {
  TiffRecipe recipe = With({{256, {61}}, {257, {40}}, {259, {7}}, {278, {40}}});
  recipe.data = Fixture("grey.jpg");
  recipe.tags[279] = {static_cast<std::uint32_t>(recipe.data.size())};
  ExpectRejectedByHeader(TiffFile(recipe), "IMAGE_CORRUPT");
}

TEST(TiffTest, TheBytesOfAllTagsAreLimitedInclusively) {
  // The recipe's nine tags have one value of 4 bytes each.
  const TiffRecipe recipe = With({{40'000, {1, 2}}});
  ImageLimits limits;
  limits.max_ancillary_bytes = 4 * 9 + 8;
  ExpectAccepted(TiffFile(recipe), limits);
  limits.max_ancillary_bytes -= 1;
  ExpectRejectedByHeader(TiffFile(recipe), "IMAGE_LIMIT_EXCEEDED", limits);
}

}  // namespace
}  // namespace lqvg
