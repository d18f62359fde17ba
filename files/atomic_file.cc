#include "files/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace lqvg {
namespace {

constexpr mode_t kMode = 0644;

// Reads errno: to be called before anything else can change it.
absl::Status Failed(const std::string& path, const char* step) {
  return absl::ErrnoToStatus(errno, absl::StrCat(path, ": cannot ", step));
}

absl::Status WriteAll(int descriptor, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());  // at most 2 GiB at a time
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failed(path, "be written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status Fill(int descriptor, std::span<const std::span<const std::byte>> parts, const std::string& path) {
  for (const std::span<const std::byte> part : parts) {
    if (absl::Status status = WriteAll(descriptor, part, path); !status.ok()) return status;
  }
  if (fchmod(descriptor, kMode) != 0) return Failed(path, "be made readable");
  // Before the rename: some file systems write the new name to the disk before the bytes.
  if (fsync(descriptor) != 0) return Failed(path, "be brought to the disk");
  return absl::OkStatus();
}

absl::Status WritePartial(const std::string& partial, std::span<const std::span<const std::byte>> parts) {
  unlink(partial.c_str());
  const int descriptor = open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
  if (descriptor < 0) return Failed(partial, "be created");
  absl::Status status = Fill(descriptor, parts, partial);
  // A file system in a network may tell of a full disk only now.
  if (close(descriptor) != 0 && status.ok()) status = Failed(partial, "be closed");
  return status;
}

// The new name is on the disk once its folder is.
absl::Status SyncFolderOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string folder = parent.empty() ? "." : parent.string();
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return Failed(folder, "be opened");
  absl::Status status;
  if (fsync(descriptor) != 0 && errno != EINVAL) status = Failed(folder, "be brought to the disk");  // EINVAL: no need
  close(descriptor);
  return status;
}

}  // namespace

absl::Status WriteAtomically(const std::string& path, std::span<const std::span<const std::byte>> parts) {
  struct stat present = {};
  if (stat(path.c_str(), &present) == 0 && !S_ISREG(present.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a regular file"));
  }
  const std::string partial = path + ".partial";
  absl::Status status = WritePartial(partial, parts);
  if (status.ok() && rename(partial.c_str(), path.c_str()) != 0) status = Failed(path, "be replaced");
  if (!status.ok()) {
    unlink(partial.c_str());
    return status;
  }
  return SyncFolderOf(path);
}

absl::Status WriteAtomically(const std::string& path, std::string_view text) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
  return WriteAtomically(path, std::span(&bytes, 1));
}

}  // namespace lqvg
