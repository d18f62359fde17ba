#include "files/atomic_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace lqvg {
namespace {

using ::testing::HasSubstr;

absl::Status Write(const std::string& path, const std::vector<std::string>& texts) {
  std::vector<std::span<const std::byte>> parts;
  parts.reserve(texts.size());
  for (const std::string& text : texts) parts.push_back(std::as_bytes(std::span(text)));
  return WriteAtomically(path, parts);
}

mode_t ModeOf(const std::string& path) {
  struct stat status = {};
  stat(path.c_str(), &status);
  return status.st_mode & 07777;
}

// Within its life a file may grow to so many bytes only: the same to a writer as a disk that fills up on the way.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SmallDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }

 private:
  sighandler_t handler_;
  rlimit before_ = {};
};

TEST(AtomicFileTest, HoldsAText) {
  const TemporaryFolder folder;
  ASSERT_TRUE(WriteAtomically(folder.Path("text"), "one\n").ok());
  EXPECT_EQ(folder.Read("text"), "one\n");
}

TEST(AtomicFileTest, HoldsThePartsInOrderAndLeavesNothingElse) {
  const TemporaryFolder folder;
  const std::string path = folder.Path("whole");
  ASSERT_TRUE(Write(path, {"one ", "", "two"}).ok());
  EXPECT_EQ(folder.Read("whole"), "one two");
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(AtomicFileTest, ReplacesWhatWasThereAndWhatAKilledProgramLeft) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("whole", "a long text of before");
  folder.Write("whole.partial", "half of something much longer than what comes now");
  ASSERT_TRUE(Write(path, {"new"}).ok());
  EXPECT_EQ(folder.Read("whole"), "new");
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(AtomicFileTest, IsReadableToOthersWhateverTheUmask) {
  const TemporaryFolder folder;
  const mode_t before = umask(077);
  EXPECT_TRUE(Write(folder.Path("whole"), {"x"}).ok());
  umask(before);
  EXPECT_EQ(ModeOf(folder.Path("whole")), 0644u);
}

TEST(AtomicFileTest, ADiskThatFillsUpLeavesTheOldFileAndNoHalfOne) {
  const TemporaryFolder folder;
  const std::string path = folder.Write("whole", "old");
  absl::Status status;
  {
    const SmallDisk disk(1000);
    status = Write(path, {std::string(600, 'a'), std::string(600, 'b')});
  }
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(path + ".partial: cannot be written: File too large"));
  EXPECT_EQ(folder.Read("whole"), "old");
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
}

TEST(AtomicFileTest, AFolderThatMayNotBeWrittenIsAnError) {
  const TemporaryFolder folder;
  std::filesystem::permissions(folder.Path(""),
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const bool is_root = geteuid() == 0;  // whom no mode stops
  ASSERT_EQ(is_root ? seteuid(65534) : 0, 0);
  const absl::Status status = Write(folder.Path("whole"), {"x"});
  ASSERT_EQ(is_root ? seteuid(0) : 0, 0);
  std::filesystem::permissions(folder.Path(""), std::filesystem::perms::owner_all);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
  EXPECT_FALSE(std::filesystem::exists(folder.Path("whole")));
}

TEST(AtomicFileTest, AFolderThatIsNotThereIsAnErrorThatNamesThePath) {
  const absl::Status status = Write("/nonexistent/whole", {"x"});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nonexistent/whole"));
}

// The rename would put a file in the place of the device. The test's own pipe stands for one: were this broken, a test
// with a real device would destroy it where root runs it.
TEST(AtomicFileTest, NeverReplacesWhatIsNoRegularFile) {
  const TemporaryFolder folder;
  ASSERT_EQ(mkfifo(folder.Path("pipe").c_str(), 0600), 0);
  for (const std::string& path : {folder.Path("pipe"), folder.Path("")}) {
    const absl::Status status = Write(path, {"x"});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << path;
    EXPECT_EQ(status.message(), path + ": is not a regular file");
  }
  EXPECT_TRUE(std::filesystem::is_fifo(folder.Path("pipe")));
}

}  // namespace
}  // namespace lqvg
