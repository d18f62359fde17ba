#include "client/cli/progress_bar.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace lqvg::cli {
namespace {

constexpr std::size_t kBarWidth = 30;  // characters
constexpr char kEraseLine[] = "\r\x1b[K";

std::string ClockText(double seconds) {
  const long long whole = std::llround(seconds);
  if (whole < 3600) return absl::StrFormat("%d:%02d", whole / 60, whole % 60);
  return absl::StrFormat("%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

std::string ProgressText(const Progress& progress, absl::Duration elapsed) {
  const std::size_t filled = progress.total == 0 ? kBarWidth : kBarWidth * progress.done / progress.total;
  std::string text = absl::StrCat("[", std::string(filled, '#'), std::string(kBarWidth - filled, '-'), "]  ",
                                  progress.done, "/", progress.total);
  const double seconds = absl::ToDoubleSeconds(elapsed);
  if (seconds > 0 && progress.done > 0) {
    const double rate = static_cast<double>(progress.done) / seconds;
    const double left = static_cast<double>(progress.total - progress.done) / rate;
    absl::StrAppendFormat(&text, "  %.1f/s  %s left", rate, ClockText(left));
  }
  if (progress.failed > 0) absl::StrAppend(&text, "  ", progress.failed, " failed");
  return text;
}

ProgressBar::ProgressBar(std::ostream& stream, bool terminal, std::size_t total, absl::Time now, std::string program)
    : stream_(stream),
      terminal_(terminal),
      program_(std::move(program)),
      start_(now),
      written_(now),
      progress_{.total = total} {}

void ProgressBar::Add(bool failed, absl::Time now) {
  ++progress_.done;
  if (failed) ++progress_.failed;
  const absl::Duration interval = terminal_ ? absl::Milliseconds(100) : absl::Seconds(5);
  if (now - written_ < interval) return;
  written_ = now;
  stream_ << (terminal_ ? kEraseLine : program_ + ": ") << ProgressText(progress_, now - start_)
          << (terminal_ ? "" : "\n") << std::flush;
}

void ProgressBar::Finish() {
  if (terminal_) stream_ << kEraseLine << std::flush;
}

}  // namespace lqvg::cli
