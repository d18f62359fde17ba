#include "train/curves/metrics_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/support/temporary_folder.h"

namespace lqvg::curves {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kFirst[] = "{\"step\":10,\"samples\":160,\"seconds\":2.5,\"loss\":1.25}\n";
constexpr char kSecond[] = "{\"step\":20,\"samples\":320,\"seconds\":5.0,\"loss\":0.5,\"lr\":0.0001}\n";
constexpr char kThird[] = "{\"step\":30,\"samples\":480,\"seconds\":7.5,\"loss\":null}\n";

class MetricsFileTest : public testing::Test {
 protected:
  const TemporaryFolder folder_;
  const std::string path_ = folder_.Path("metrics.jsonl");
};

TEST_F(MetricsFileTest, HoldsOneLineForEachRowAsSoonAsItIsAppended) {
  const auto file = MetricsFile::Begin(path_);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Append({10, 160, 2.5, {{"loss", 1.25}}}).ok());
  EXPECT_EQ(folder_.Read("metrics.jsonl"), kFirst);
  ASSERT_TRUE((*file)->Append({20, 320, 5, {{"lr", 1e-4}, {"loss", 0.5}}}).ok());
  EXPECT_EQ(folder_.Read("metrics.jsonl"), std::string(kFirst) + kSecond);
}

TEST_F(MetricsFileTest, KeepsThatAValueWasNotFinite) {
  const auto file = MetricsFile::Begin(path_);
  ASSERT_TRUE((*file)->Append({30, 480, 7.5, {{"loss", std::numeric_limits<double>::infinity()}}}).ok());
  EXPECT_EQ(folder_.Read("metrics.jsonl"), kThird);
  const auto rows = ReadMetrics(path_);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_TRUE(std::isnan(rows->at(0).values.at("loss")));
}

TEST_F(MetricsFileTest, IsReadBackInOrder) {
  folder_.Write("metrics.jsonl", std::string(kFirst) + kSecond);
  const auto rows = ReadMetrics(path_);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_THAT(*rows, SizeIs(2));
  EXPECT_EQ(rows->at(1).step, 20);
  EXPECT_EQ(rows->at(1).samples, 320);
  EXPECT_EQ(rows->at(1).seconds, 5);
  EXPECT_EQ(rows->at(1).values, (std::map<std::string, double>{{"loss", 0.5}, {"lr", 1e-4}}));
}

TEST_F(MetricsFileTest, ATornLastLineIsLeftOutWhereverItIsTorn) {
  const std::string last = kSecond;
  for (std::size_t kept = 0; kept < last.size(); ++kept) {
    const auto rows = ReadMetrics(folder_.Write("metrics.jsonl", kFirst + last.substr(0, kept)));
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_THAT(*rows, SizeIs(1)) << kept;
  }
}

TEST_F(MetricsFileTest, BeginRefusesAFileThatHoldsSomething) {
  folder_.Write("metrics.jsonl", kFirst);
  const auto file = MetricsFile::Begin(path_);
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(file.status().message(), path_ + ": holds a history already; resume it, or remove it");
  EXPECT_EQ(folder_.Read("metrics.jsonl"), kFirst);
}

TEST_F(MetricsFileTest, ResumeRemovesWhatTheCheckpointDoesNotKnow) {
  folder_.Write("metrics.jsonl", std::string(kFirst) + kSecond + kThird);
  const auto file = MetricsFile::Resume(path_, 20);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(folder_.Read("metrics.jsonl"), std::string(kFirst) + kSecond);
  ASSERT_TRUE((*file)->Append({30, 480, 7.5, {{"loss", std::nan("")}}}).ok());
  EXPECT_EQ(folder_.Read("metrics.jsonl"), std::string(kFirst) + kSecond + kThird);
}

TEST_F(MetricsFileTest, ResumeRemovesATornLine) {
  folder_.Write("metrics.jsonl", std::string(kFirst) + "{\"step\":20,\"sam");
  const auto file = MetricsFile::Resume(path_, 25);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Append({30, 480, 7.5, {{"loss", std::nan("")}}}).ok());
  EXPECT_EQ(folder_.Read("metrics.jsonl"), std::string(kFirst) + kThird);
}

TEST_F(MetricsFileTest, ResumeBeforeTheFirstLineOrWithoutAFileBeginsAnew) {
  folder_.Write("metrics.jsonl", std::string(kFirst) + kSecond);
  ASSERT_TRUE(MetricsFile::Resume(path_, 9).ok());
  EXPECT_THAT(folder_.Read("metrics.jsonl"), IsEmpty());
  const auto file = MetricsFile::Resume(folder_.Path("new.jsonl"), 100);
  ASSERT_TRUE(file.ok()) << file.status();
}

TEST_F(MetricsFileTest, ResumeLeavesAFileAloneThatIsNoHistory) {
  for (const char* line :
       {"", "{", "3", "{\"step\":1,\"samples\":2}", "{\"step\":1,\"samples\":2,\"seconds\":3,\"loss\":\"x\"}"}) {
    const std::string content = std::string(kFirst) + line + "\n" + kSecond;
    const auto file = MetricsFile::Resume(folder_.Write("metrics.jsonl", content), 10);
    EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument) << line;
    EXPECT_EQ(file.status().message(), path_ + ":2: is not a row of metrics");
    EXPECT_EQ(folder_.Read("metrics.jsonl"), content);
  }
}

TEST_F(MetricsFileTest, RefusesNamesThatAreItsOwnOrNotUtf8) {
  const auto file = MetricsFile::Begin(path_);
  for (const char* name : {"step", "samples", "seconds", "\xFF"}) {
    EXPECT_EQ((*file)->Append({1, 2, 3, {{name, 1}}}).code(), absl::StatusCode::kInvalidArgument) << name;
  }
  EXPECT_THAT(folder_.Read("metrics.jsonl"), IsEmpty());
}

// A limit of the file's size stops a line half way, as a disk does that fills up.
TEST_F(MetricsFileTest, AFullDiskLeavesWholeLinesOnly) {
  const auto file = MetricsFile::Begin(path_);
  ASSERT_TRUE((*file)->Append({10, 160, 2.5, {{"loss", 1.25}}}).ok());
  const sighandler_t handler = signal(SIGXFSZ, SIG_IGN);
  rlimit before = {};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit limit = before;
  limit.rlim_cur = sizeof kFirst + 10;
  setrlimit(RLIMIT_FSIZE, &limit);
  const absl::Status status = (*file)->Append({20, 320, 5, {{"loss", 0.5}, {"lr", 1e-4}}});
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_ + ": cannot be written"));
  EXPECT_EQ(folder_.Read("metrics.jsonl"), kFirst);
  EXPECT_TRUE((*file)->Append({20, 320, 5, {{"loss", 0.5}, {"lr", 1e-4}}}).ok());
  EXPECT_EQ(folder_.Read("metrics.jsonl"), std::string(kFirst) + kSecond);
}

TEST_F(MetricsFileTest, NamesThePathThatCannotBeOpened) {
  const auto file = MetricsFile::Begin("/nonexistent/metrics.jsonl");
  EXPECT_EQ(file.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(file.status().message()), HasSubstr("/nonexistent/metrics.jsonl"));
  EXPECT_EQ(ReadMetrics("/nonexistent/metrics.jsonl").status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace lqvg::curves
