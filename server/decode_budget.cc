#include "server/decode_budget.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "image/rejection.h"

namespace lqvg::serving {

DecodeShare::DecodeShare(DecodeShare&& other) noexcept { *this = std::move(other); }

DecodeShare& DecodeShare::operator=(DecodeShare&& other) noexcept {
  // The other one's destructor gives back whatever this one held.
  std::swap(budget_, other.budget_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

DecodeShare::~DecodeShare() {
  if (budget_ != nullptr) budget_->GiveBack(bytes_);
}

absl::StatusOr<DecodeShare> DecodeBudget::Reserve(std::uint64_t bytes, Call& call) {
  if (bytes > limit_) {
    const std::string message =
        absl::StrCat("decoding the picture takes up to ", bytes, " bytes, the limit is ", limit_);
    return Reject(absl::StatusCode::kInvalidArgument, "IMAGE_TOO_LARGE", message, {{"image", message}});
  }
  MutexLock lock(&mutex_);
  const std::uint64_t turn = next_turn_++;
  turns_.push_back(turn);
  // Before the first look at the call: an end that this look does not see yet will wake.
  call.WakeAtEnd([this] { WakeAll(); });
  while (!call.finished() && (turns_.front() != turn || bytes > limit_ - reserved_)) changed_.Wait(&mutex_);
  call.WakeAtEnd(nullptr);
  std::erase(turns_, turn);
  changed_.NotifyAll();  // the next one may fit, too
  if (call.finished()) return absl::CancelledError("the call ended while it waited for memory");
  reserved_ += bytes;
  return DecodeShare(this, bytes);
}

std::uint64_t DecodeBudget::reserved() const {
  MutexLock lock(&mutex_);
  return reserved_;
}

std::size_t DecodeBudget::waiting() const {
  MutexLock lock(&mutex_);
  return turns_.size();
}

void DecodeBudget::GiveBack(std::uint64_t bytes) {
  MutexLock lock(&mutex_);
  reserved_ -= bytes;
  changed_.NotifyAll();
}

void DecodeBudget::WakeAll() {
  MutexLock lock(&mutex_);
  changed_.NotifyAll();
}

}  // namespace lqvg::serving
