#include "client/eval/gallery_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <pugixml.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/client/eval/cases.h"

namespace lqvg::eval {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A page of a gallery whose pictures are all port.png of 100 x 80 pixels, read back.
class Page {
 public:
  explicit Page(const Gallery& gallery, const PagePicture& picture = {"0001.png", 100, 80, ""})
      : text_(GalleryHtml(gallery, ChooseCases(gallery), Pictures(gallery, picture))) {
    EXPECT_TRUE(document_.load_string(text_.c_str())) << text_;
  }

  const std::string& text() const { return text_; }

  // The text of every element that the XPath expression finds, with that of what is in it.
  std::vector<std::string> Texts(const char* path) const {
    std::vector<std::string> texts;
    for (const auto& found : document_.select_nodes(path)) {
      std::string text;
      for (const auto& part : found.node().select_nodes(".//text()")) text += part.node().value();
      texts.push_back(text);
    }
    return texts;
  }

  std::vector<std::string> Values(const char* path) const {
    std::vector<std::string> values;
    for (const auto& found : document_.select_nodes(path)) values.emplace_back(found.attribute().value());
    return values;
  }

  // The boxes drawn with that class over pictures, as "x y width height".
  std::vector<std::string> Boxes(const std::string& name) const {
    std::vector<std::string> boxes;
    for (const auto& found : document_.select_nodes(("//figure//rect[@class='" + name + "']").c_str())) {
      const pugi::xml_node box = found.node();
      boxes.push_back(std::string(box.attribute("x").value()) + " " + box.attribute("y").value() + " " +
                      box.attribute("width").value() + " " + box.attribute("height").value());
    }
    return boxes;
  }

 private:
  static std::map<std::string, PagePicture> Pictures(const Gallery& gallery, const PagePicture& picture) {
    std::map<std::string, PagePicture> pictures;
    for (const GalleryCase& shown : gallery.cases) pictures[shown.answered.image] = picture;
    return pictures;
  }

  const std::string text_;
  pugi::xml_document document_;
};

Gallery GalleryOf(std::vector<GalleryCase> cases) {
  Gallery gallery;
  gallery.title = "A test";
  gallery.cases = std::move(cases);
  return gallery;
}

TEST(GalleryHtml, ShowsACaseWithBothBoxes) {
  const Page page(GalleryOf({Present("the red ship", 0.525, 0.75F)}));
  EXPECT_THAT(page.Texts("//li[@id='case-1']//p[@class='expression']"), ElementsAre("the red ship"));
  EXPECT_THAT(page.Texts("//figure//dl/div"), ElementsAre("IoU0.525", "score0.750", "kindship"));
  EXPECT_THAT(page.Values("//figure//img/@src"), ElementsAre("0001.png"));
  EXPECT_THAT(page.Values("//figure//svg/@viewBox"), ElementsAre("0 0 100 80"));
  EXPECT_THAT(page.Boxes("truth"), ElementsAre("20.00 30.00 50.00 30.00"));
  EXPECT_THAT(page.Boxes("answer"), ElementsAre("25.00 35.00 50.00 30.00"));
  EXPECT_THAT(page.Values("//figure//img/@alt"),
              ElementsAre("port.png; answered box from 25.0, 35.0 to 75.0, 65.0; true "
                          "box from 20.0, 30.0 to 70.0, 60.0"));
}

TEST(GalleryHtml, ShowsTextsOfDataSetsAndServersAsTheyAreWhateverTheyHold) {
  const std::string hostile = "\"'><script>alert(1)</script>&amp;";
  GalleryCase shown = Present(hostile, 0.5, 0.5F);
  shown.answered.kind = "kind" + hostile;
  shown.answered.image = "image" + hostile;
  GalleryCase failed = Failed("failed" + hostile, "reason" + hostile);
  Gallery gallery = GalleryOf({shown, failed});
  gallery.title = "title" + hostile;
  gallery.figures = {{"name" + hostile, "value" + hostile}};
  const Page page(gallery);
  EXPECT_THAT(page.text(), Not(HasSubstr("<script")));
  EXPECT_THAT(page.Texts("//script"), IsEmpty());
  EXPECT_THAT(page.Texts("//figure//p[@class='expression']"), ElementsAre(hostile));
  EXPECT_THAT(page.Texts("//figure//p[@class='name']"), ElementsAre("image" + hostile));
  EXPECT_THAT(page.Texts("//figure//dl//dd"), Contains("kind" + hostile));
  EXPECT_THAT(page.Values("//figure//img/@alt"), ElementsAre(HasSubstr("image" + hostile + ";")));
  EXPECT_THAT(page.Texts("//table[@class='failed']//td"),
              ElementsAre("reason" + hostile, "failed" + hostile, "port.png"));
  EXPECT_THAT(page.Texts("//title"), ElementsAre("title" + hostile));
  EXPECT_THAT(page.Texts("//h1"), ElementsAre("title" + hostile));
  EXPECT_THAT(page.Texts("//section[@id='figures']//tr"), ElementsAre("name" + hostile + "value" + hostile));
}

TEST(GalleryHtml, IsUtf8WhateverBytesItIsGiven) {
  const Page page(GalleryOf({Present("caf\xc3\xa9 \xff\x01", 0.5, 0.5F)}));
  EXPECT_THAT(page.Texts("//figure//p[@class='expression']"), ElementsAre("caf\xc3\xa9 ??"));
}

TEST(GalleryHtml, HasTheCasesInSectionsAndLinksToThem) {
  const Page page(GalleryOf({Present("good", 0.9, 0.5F), Absent("none", 0.4F), Present("bad", 0.1, 0.5F),
                             Failed("late", "DEADLINE_EXCEEDED: 10 s")}));
  EXPECT_THAT(page.Values("//nav//a/@href"), ElementsAre("#worst", "#best", "#absent", "#failed"));
  EXPECT_THAT(page.Texts("//h2"), ElementsAre("Worst", "Best", "Nothing to find", "Failed calls"));
  EXPECT_THAT(page.Texts("//section[h2/@id='worst']//p[@class='expression']"), ElementsAre("bad"));
  EXPECT_THAT(page.Texts("//section[h2/@id='best']//p[@class='expression']"), ElementsAre("good"));
  EXPECT_THAT(page.Texts("//section[h2/@id='absent']//p[@class='expression']"), ElementsAre("none"));
  EXPECT_THAT(page.Texts("//section[h2/@id='failed']//td"), ElementsAre("DEADLINE_EXCEEDED: 10 s", "late", "port.png"));
  EXPECT_THAT(page.Texts("//section[h2/@id='worst']/p"),
              ElementsAre("1 of 2 answered expressions with a true box, the lowest IoU first."));
  EXPECT_THAT(page.Values("//li/@id"), ElementsAre("case-1", "case-2", "case-3"));
}

TEST(GalleryHtml, LeavesOutSectionsThatWouldBeEmpty) {
  const Page page(GalleryOf({}));
  EXPECT_THAT(page.Texts("//h2"), IsEmpty());
  EXPECT_THAT(page.Texts("//table"), IsEmpty());
  EXPECT_THAT(page.text(), Not(HasSubstr("Reliability")));
}

TEST(GalleryHtml, DrawsNoTrueBoxAndNoIouForWhatIsNotThere) {
  const Page page(GalleryOf({Absent("none", 0.4F)}));
  EXPECT_THAT(page.Boxes("truth"), IsEmpty());
  EXPECT_THAT(page.Boxes("answer"), ElementsAre("25.00 35.00 50.00 30.00"));
  EXPECT_THAT(page.Texts("//figure//dl/div"), ElementsAre("score0.400", "kindship"));
}

TEST(GalleryHtml, ClipsBoxesToThePicture) {
  GalleryCase shown = Present("wide", 0.5, 0.5F);
  const float infinite = std::numeric_limits<float>::infinity();
  shown.answered.box = datasets::PixelBox{-infinite, -5, 1e30F, 90};
  shown.answered.truth = datasets::PixelBox{90, 70, 110.5F, 80};
  const Page page(GalleryOf({shown}));
  EXPECT_THAT(page.Boxes("answer"), ElementsAre("0.00 0.00 100.00 80.00"));
  EXPECT_THAT(page.Boxes("truth"), ElementsAre("90.00 70.00 10.00 10.00"));
  EXPECT_THAT(page.Texts("//p[@class='note']"), IsEmpty());
}

TEST(GalleryHtml, SaysThatABoxCannotBeSeen) {
  const float no_number = std::numeric_limits<float>::quiet_NaN();
  for (const auto& [box, place] : {std::pair{datasets::PixelBox{101, 10, 120, 20}, "from 101.0, 10.0 to 120.0, 20.0"},
                                   std::pair{datasets::PixelBox{10, -20, 20, -1}, "from 10.0, -20.0 to 20.0, -1.0"},
                                   std::pair{datasets::PixelBox{30, 10, 20, 20}, "from 30.0, 10.0 to 20.0, 20.0"},
                                   std::pair{datasets::PixelBox{10, 30, 20, 20}, "from 10.0, 30.0 to 20.0, 20.0"},
                                   std::pair{datasets::PixelBox{1, 2, no_number, 4}, "from 1.0, 2.0 to nan, 4.0"}}) {
    GalleryCase shown = Present("away", 0, 0.5F);
    shown.answered.box = box;
    const Page page(GalleryOf({shown}));
    EXPECT_THAT(page.Boxes("answer"), IsEmpty()) << place;
    EXPECT_THAT(page.Texts("//p[@class='note']"),
                ElementsAre(std::string("The answered box cannot be seen: ") + place + "."));
  }
}

TEST(GalleryHtml, NamesAPictureThatCannotBeShownWithTheReason) {
  const Page page(GalleryOf({Present("the red ship", 0.5, 0.5F)}), {"", 0, 0, "NOT_FOUND: no <file>"});
  EXPECT_THAT(page.Texts("//div[@class='unreadable']"),
              ElementsAre("This picture cannot be shown: NOT_FOUND: no <file>"));
  EXPECT_THAT(page.Texts("//figure//p[@class='name']"), ElementsAre("port.png"));
  EXPECT_THAT(page.Texts("//figure//dl/div"), Contains("IoU0.500"));
  EXPECT_THAT(page.Texts("//img"), IsEmpty());
  EXPECT_THAT(page.Texts("//figure//a"), IsEmpty());
}

TEST(GalleryHtml, HasTheReliabilityAsDiagramAndAsTable) {
  Gallery gallery = GalleryOf({});
  gallery.reliability = MeasureReliability(std::vector<Judged>{{0.75F, true}, {0.75F, false}});
  const Page page(gallery);
  EXPECT_THAT(page.Texts("//svg/title"),
              ElementsAre("Reliability diagram of 2 answers, expected calibration error 0.250"));
  EXPECT_THAT(page.Texts("//table[@class='numbers']//tr"),
              AllOf(Contains("0.7–0.820.7500.500"), Contains("0.0–0.10––"), Contains("all20.7500.500")));
}

TEST(GalleryHtml, ListsTwoHundredFailuresAndCountsTheOthers) {
  const Page page(GalleryOf(std::vector<GalleryCase>(203, Failed("the red ship", "UNAVAILABLE"))));
  EXPECT_EQ(page.Texts("//table[@class='failed']/tbody/tr").size(), 200U);
  EXPECT_THAT(page.Texts("//section[h2/@id='failed']/p"),
              ElementsAre("203 of 203 expressions have no answer.", "And 3 more."));
}

TEST(GalleryHtml, AsksNothingOfOtherMachinesAndForbidsIt) {
  Gallery gallery = GalleryOf({Present("the red ship", 0.5, 0.5F), Absent("none", 0.4F)});
  gallery.reliability = MeasureReliability(std::vector<Judged>{{0.75F, true}});
  const Page page(gallery);
  EXPECT_THAT(page.Values("//meta[@http-equiv='Content-Security-Policy']/@content"),
              ElementsAre("default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'"));
  for (const std::string& address : page.Values("//@src | //@href")) EXPECT_THAT(address, Not(HasSubstr(":")));
  EXPECT_THAT(page.text(), Not(HasSubstr("url(")));
}

TEST(GalleryHtml, CanBeReadAloud) {
  Gallery gallery = GalleryOf({Present("a", 0.5, 0.5F), Failed("b", "INTERNAL")});
  gallery.figures = {{"acc@0.5", "1.000"}};
  gallery.reliability = MeasureReliability(std::vector<Judged>{{0.75F, true}});
  const Page page(gallery);
  EXPECT_THAT(page.Values("/html/@lang"), ElementsAre("en"));
  EXPECT_THAT(page.Texts("//table[not(caption)]"), IsEmpty());
  EXPECT_THAT(page.Texts("//img[not(@alt)]"), IsEmpty());
  EXPECT_THAT(page.Texts("//th[not(@scope)]"), IsEmpty());
  EXPECT_THAT(page.Texts("//svg[not(@aria-hidden='true' or (@role='img' and title))]"), IsEmpty());
  EXPECT_THAT(page.Texts("//figure//a"), ElementsAre("Larger view of case 1", "Smaller view of case 1"));
}

}  // namespace
}  // namespace lqvg::eval
