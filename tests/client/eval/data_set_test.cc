#include "client/eval/data_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/temporary_folder.h"

namespace lqvg::eval {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

std::string BoxText(const cli::ListItem& item) {
  if (!item.truth) return "none";
  const cli::TruthBox& box = *item.truth;
  return std::to_string(box.x_min()) + " " + std::to_string(box.y_min()) + " " + std::to_string(box.x_max()) + " " +
         std::to_string(box.y_max());
}

constexpr char kBox[] = "10.000000 20.500000 110.000000 80.000000";

TEST(RsvgHr, IsReadWithItsFlawsAndPictures) {
  const TemporaryFolder folder;
  folder.Write("a.jpg", "the bytes");
  const auto data = ReadRsvgHr(folder.Write("test.txt",
                                            "a.jpg,10,20.5,110,80,a ship, at the pier\n"
                                            "a.jpg,10,20,5,80,turned\n"),
                               folder.Path(""));
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->name, "RSVG-HR test.txt");
  ASSERT_THAT(data->items, SizeIs(1));
  EXPECT_EQ(data->items[0].image, "a.jpg");
  EXPECT_EQ(data->items[0].expression, "a ship, at the pier");
  EXPECT_EQ(BoxText(data->items[0]), kBox);
  EXPECT_EQ(data->items[0].kind, "");
  EXPECT_FALSE(data->items[0].absent);
  ASSERT_THAT(data->flaws, SizeIs(1));
  EXPECT_EQ(data->flaws[0].place, "test.txt:2");
  EXPECT_EQ(*data->pictures("a.jpg"), "the bytes");
  EXPECT_EQ(data->pictures("b.jpg").status().code(), absl::StatusCode::kNotFound);
}

TEST(RsvgHr, LosesWhatResultsCouldNotHold) {
  const TemporaryFolder folder;
  const auto data = ReadRsvgHr(folder.Write("test.txt", "a.jpg,1,2,3,4,a ship\nb.jpg,1,2,3,4,a \xFFship\n"), "");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_THAT(data->items, SizeIs(1));
  ASSERT_THAT(data->flaws, SizeIs(1));
  EXPECT_EQ(data->flaws[0].place + ": " + data->flaws[0].description,
            "b.jpg: skipped: an expression that is not UTF-8");
}

TEST(DiorRsvg, IsReadWithItsKinds) {
  const TemporaryFolder folder;
  folder.Write("00001.xml",
               "<annotation><filename>00001.jpg</filename><object><name>airplane</name><bndbox><xmin>10</xmin>"
               "<ymin>20.5</ymin><xmax>110</xmax><ymax>80</ymax></bndbox><description>The airplane</description>"
               "</object></annotation>");
  const auto data = ReadDiorRsvg(folder.Path(""), folder.Write("test.txt", "0\n"), "pictures");
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->name, "DIOR-RSVG test.txt");
  ASSERT_THAT(data->items, SizeIs(1));
  EXPECT_EQ(data->items[0].kind, "airplane");
  EXPECT_EQ(data->items[0].image, "00001.jpg");
  EXPECT_EQ(BoxText(data->items[0]), kBox);
}

TEST(Jsonl, IsReadLineByLine) {
  const TemporaryFolder folder;
  folder.Write("a.png", "the bytes");
  const auto data = ReadJsonl(
      folder.Write("test.jsonl",
                   R"({"image": "a.png", "expression": "the ship", "box": [10, 20.5, 110, 80], "kind": "ship"})"
                   "\n\n"
                   R"({"image": "a.png", "expression": "\u00e9", "box": null, "more": {}})"
                   "\r\n"
                   R"({"image": "b.png", "expression": "x", "box": [10, 20, 10, 80]})"),
      folder.Path(""));
  ASSERT_TRUE(data.ok()) << data.status();
  EXPECT_EQ(data->name, "test.jsonl");
  ASSERT_THAT(data->items, SizeIs(2));
  EXPECT_EQ(data->items[0].image, "a.png");
  EXPECT_EQ(data->items[0].expression, "the ship");
  EXPECT_EQ(data->items[0].kind, "ship");
  EXPECT_EQ(BoxText(data->items[0]), kBox);
  EXPECT_FALSE(data->items[0].absent);
  EXPECT_EQ(data->items[1].expression, "\u00e9");
  EXPECT_EQ(BoxText(data->items[1]), "none");
  EXPECT_TRUE(data->items[1].absent);
  ASSERT_THAT(data->flaws, SizeIs(1));
  EXPECT_EQ(data->flaws[0].place, "test.jsonl:4");
  EXPECT_EQ(*data->pictures("a.png"), "the bytes");
}

TEST(Jsonl, OfAnotherFormIsRefusedWithItsLine) {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& line) {
    const auto data = ReadJsonl(folder.Write("x.jsonl", "\n" + line), "");
    EXPECT_EQ(data.status().code(), absl::StatusCode::kInvalidArgument) << line;
    return std::string(data.status().message());
  };
  EXPECT_THAT(message("{"), HasSubstr("x.jsonl:2: not a JSON object"));
  EXPECT_THAT(message("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(message("{\"image\": \"\xFF\"}"), HasSubstr("not a JSON object"));
  EXPECT_THAT(message(R"({"expression": "e", "box": null})"), HasSubstr("\"image\" is not a text"));
  EXPECT_THAT(message(R"({"image": "a", "expression": "", "box": null})"), HasSubstr("\"expression\" is not a text"));
  EXPECT_THAT(message(R"({"image": "a", "expression": "e", "box": null, "kind": 3})"), HasSubstr("\"kind\" is not"));
  for (const char* box : {"", R"(, "bbox": [1, 2, 3, 4])", R"(, "box": [1, 2, 3])", R"(, "box": [1, 2, 3, "4"])",
                          R"(, "box": 3)", R"(, "box": [1, 2, 3, 1e39])"}) {
    EXPECT_THAT(message(std::string(R"({"image": "a", "expression": "e")") + box + "}"),
                HasSubstr("\"box\" is neither"))
        << box;
  }
}

TEST(Jsonl, MustBeThere) { EXPECT_EQ(ReadJsonl("/nowhere/x.jsonl", "").status().code(), absl::StatusCode::kNotFound); }

}  // namespace
}  // namespace lqvg::eval
