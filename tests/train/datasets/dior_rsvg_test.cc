#include "train/datasets/dior_rsvg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace lqvg::datasets {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Object(const std::string& kind, const std::string& box, const std::string& description) {
  return "<object><name>" + kind + "</name><pose>Unspecified</pose><bndbox>" + box + "</bndbox><description>" +
         description + "</description></object>";
}

std::string Object(const std::string& description) {
  return Object("ship", "<xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax>", description);
}

std::string Picture(const std::string& name, const std::string& objects) {
  return "<annotation>\n<folder>x</folder><filename>" + name + "</filename>" + objects + "</annotation>";
}

// A set of four objects in three files.
class DiorRsvgTest : public testing::Test {
 protected:
  DiorRsvgTest() {
    std::filesystem::create_directory(folder_.Path("Annotations"));
    // Written in an order that is not theirs.
    WriteXml("00010.xml", Picture("00010.jpg", Object("the fourth")));
    WriteXml("00002.xml", Picture("00002.jpg", Object("the second") + Object("the third")));
    WriteXml("00001.xml", Picture("00001.jpg", Object("the first")));
  }

  void WriteXml(const std::string& name, const std::string& content) { folder_.Write("Annotations/" + name, content); }

  absl::StatusOr<AnnotationSet> Read(const std::string& indices) {
    return ReadDiorRsvg(folder_.Path("Annotations"), folder_.Write("train.txt", indices));
  }

  std::vector<std::string> Expressions(const std::string& indices) {
    const auto set = Read(indices);
    EXPECT_TRUE(set.ok()) << set.status();
    std::vector<std::string> expressions;
    if (set.ok()) {
      for (const Annotation& annotation : set->annotations) expressions.push_back(annotation.expression);
    }
    return expressions;
  }

  const TemporaryFolder folder_;
};

TEST_F(DiorRsvgTest, CountsObjectsOverTheFilesInTheOrderOfTheirNames) {
  EXPECT_THAT(Expressions("0\n1\n2\n3\n"), ElementsAre("the first", "the second", "the third", "the fourth"));
  EXPECT_THAT(Expressions("2\n"), ElementsAre("the third"));
  EXPECT_THAT(Expressions("3\n0\n"), ElementsAre("the first", "the fourth"));
}

TEST_F(DiorRsvgTest, ReadsFoldersBelowAndNothingButXml) {
  std::filesystem::create_directory(folder_.Path("Annotations/00001"));
  WriteXml("00001/a.xml", Picture("a.jpg", Object("below")));
  WriteXml("00000.txt", "not for us");
  EXPECT_THAT(Expressions("0\n1\n"), ElementsAre("the first", "below"));  // '.' is before '/'
}

TEST_F(DiorRsvgTest, ReadsPictureKindBoxAndDescription) {
  WriteXml("00001.xml",
           Picture(" 00001.jpg\n",
                   Object(" Expressway-toll-station ", "<ymax>40.5</ymax><xmin>1</xmin><ymin> 2 </ymin><xmax>30</xmax>",
                          "\n The <!-- new -->station <![CDATA[<A>]]> &amp; its roof &#233;\n")));
  const auto set = Read("0\n");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->annotations,
              ElementsAre(Annotation{
                  "00001.jpg", {1, 2, 30, 40.5f}, "The station <A> & its roof \xC3\xA9", "Expressway-toll-station"}));
  EXPECT_THAT(set->flaws, IsEmpty());
}

TEST_F(DiorRsvgTest, SkipsWhatCannotBeLearntFromAndSaysSo) {
  WriteXml("00001.xml",
           Picture("00001.jpg", Object("ship", "<xmin>9</xmin><ymin>2</ymin><xmax>9</xmax><ymax>4</ymax>", "x")));
  WriteXml("00002.xml", Picture("00002.jpg", Object("") + Object("the third")));
  const auto set = Read("0\n1\n2\n2\n");
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_THAT(set->annotations, SizeIs(1));
  EXPECT_EQ(set->annotations[0].expression, "the third");
  ASSERT_THAT(set->flaws, SizeIs(3));
  EXPECT_EQ(set->flaws[0].place, "train.txt:4");
  EXPECT_EQ(set->flaws[1].place, "00001.xml:annotation/object[1]");
  EXPECT_EQ(set->flaws[1].description, "skipped: its box is empty or inside out (9,2,9,4)");
  EXPECT_EQ(set->flaws[2].description, "skipped: its description is empty");
  EXPECT_EQ(set->skipped(), 3u);
}

TEST_F(DiorRsvgTest, DoesNotJudgeWhatBelongsToAnotherPart) {
  WriteXml("00001.xml", Picture("00001.jpg", "<object/>"));
  EXPECT_THAT(Expressions("1\n"), ElementsAre("the second"));
}

TEST_F(DiorRsvgTest, AnIndexBeyondTheLastObjectIsAnError) {
  const auto set = Read("1\n7\n4\n");
  EXPECT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(set.status().message()), HasSubstr("train.txt: index 4 is beyond the 4 objects in "));
}

struct Fault {
  std::string xml;
  const char* message;
};

class DiorRsvgFaultTest : public DiorRsvgTest, public testing::WithParamInterface<Fault> {};

TEST_P(DiorRsvgFaultTest, NamesFileAndElement) {
  WriteXml("00001.xml", GetParam().xml);
  const auto set = Read("0\n1\n");
  ASSERT_EQ(set.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(set.status().message()),
              HasSubstr(std::string("Annotations/00001.xml: ") + GetParam().message));
}

constexpr char kBox[] = "<xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>40</ymax>";

INSTANTIATE_TEST_SUITE_P(
    Faults, DiorRsvgFaultTest,
    testing::Values(
        Fault{"<annotation><object></annotation>", "byte 22: Start-end tags mismatch"}, Fault{"", "byte 0: "},
        Fault{"<annotation>" + Object("x") + "</annotation>", "annotation/filename is missing or empty"},
        Fault{Picture("a.jpg", Object("x") + "<object><name>ship</name></object>"),
              "annotation/object[2]/bndbox/xmin is missing"},
        Fault{Picture("a.jpg", Object("ship", "<xmin>1</xmin><ymin>2</ymin><xmax>left</xmax><ymax>4</ymax>", "x")),
              "annotation/object[1]/bndbox/xmax is not a number: \"left\""},
        Fault{Picture("a.jpg", Object("", kBox, "x")), "annotation/object[1]/name is missing or empty"},
        Fault{Picture("a.jpg", "<object><name>ship</name><bndbox>" + std::string(kBox) + "</bndbox></object>"),
              "annotation/object[1]/description is missing"},
        Fault{std::string((4u << 20) + 1, ' '), "is longer than 4194304 bytes"}));

// Entities that name each other: nine lines that other parsers turn into gigabytes.
TEST_F(DiorRsvgTest, DoesNotExpandEntitiesOfTheFilesOwn) {
  std::string bomb = "<!DOCTYPE annotation [<!ENTITY a0 \"ha\">";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "&a" + std::to_string(i - 1) + ";";
    std::string text;
    for (int copy = 0; copy < 10; ++copy) text += before;
    bomb += "<!ENTITY a" + std::to_string(i) + " \"" + text + "\">";
  }
  WriteXml("00001.xml", bomb + "]>" + Picture("00001.jpg", Object("see &a8;")));
  EXPECT_THAT(Expressions("0\n"), ElementsAre("see &a8;"));
}

TEST_F(DiorRsvgTest, NamesWhatIsNotThere) {
  const std::string index = folder_.Write("train.txt", "0\n");
  const auto folder = ReadDiorRsvg("/nonexistent", index);
  EXPECT_EQ(folder.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(folder.status().message(), "/nonexistent: No such file or directory");
  std::filesystem::create_directory(folder_.Path("empty"));
  EXPECT_THAT(std::string(ReadDiorRsvg(folder_.Path("empty"), index).status().message()),
              HasSubstr("holds no .xml file"));
  EXPECT_EQ(ReadDiorRsvg(folder_.Path("Annotations"), "/nonexistent.txt").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace lqvg::datasets
