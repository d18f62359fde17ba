#include "server/shared_decode.h"

#include <utility>

#include "absl/status/status.h"

namespace lqvg::serving {

absl::StatusOr<PreparedPicture> SharedDecode::Join(const std::string& key, Call& call, Decode decode) {
  if (key.empty()) return decode();
  while (true) {
    std::shared_ptr<Flight> flight;
    {
      MutexLock lock(&mutex_);
      const auto [entry, leads] = flights_.try_emplace(key, nullptr);
      if (leads) entry->second = std::make_shared<Flight>();
      flight = entry->second;
      if (!leads) {
        Await(*flight, call);
        if (call.finished())
          return absl::CancelledError("the call ended while its picture was decoded for another one");
        if (flight->result == nullptr) continue;
      }
    }
    if (flight->result == nullptr) return Lead(key, flight, decode);
    return *flight->result;
  }
}

absl::StatusOr<PreparedPicture> SharedDecode::Lead(const std::string& key, const std::shared_ptr<Flight>& flight,
                                                   Decode decode) {
  absl::StatusOr<PreparedPicture> result = absl::CancelledError("decoding threw");
  try {
    result = decode();
  } catch (...) {
    Land(key, *flight, nullptr);
    throw;
  }
  Land(key, *flight, absl::IsCancelled(result.status()) ? nullptr : &result);
  return result;
}

void SharedDecode::Land(const std::string& key, Flight& flight, const absl::StatusOr<PreparedPicture>* result) {
  bool wanted = false;
  {
    MutexLock lock(&mutex_);
    flights_.erase(key);  // nobody joins any more
    wanted = flight.waiting > 0;
  }
  std::shared_ptr<const absl::StatusOr<PreparedPicture>> copy;
  if (wanted && result != nullptr) copy = std::make_shared<const absl::StatusOr<PreparedPicture>>(*result);
  MutexLock lock(&mutex_);
  flight.result = std::move(copy);
  flight.over = true;
  changed_.NotifyAll();
}

void SharedDecode::Await(Flight& flight, Call& call) {
  ++flight.waiting;
  // Before the first look at the call: an end that this look does not see yet will wake.
  call.WakeAtEnd([this] { WakeAll(); });
  while (!call.finished() && !flight.over) changed_.Wait(&mutex_);
  call.WakeAtEnd(nullptr);
  --flight.waiting;
}

std::size_t SharedDecode::waiting() const {
  MutexLock lock(&mutex_);
  std::size_t waiting = 0;
  for (const auto& [key, flight] : flights_) waiting += static_cast<std::size_t>(flight->waiting);
  return waiting;
}

void SharedDecode::WakeAll() {
  MutexLock lock(&mutex_);
  changed_.NotifyAll();
}

}  // namespace lqvg::serving
