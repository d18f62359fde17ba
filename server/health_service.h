// grpc.health.v1: whether to send work here, and whether the process is worth keeping.
//
// Owned by the server. Not the library's own service: that one starts as SERVING, and its watches hold a shutdown for
// the whole of its deadline. Setters may be called by any thread and never block. Methods are raw, so that a watch does
// not hold the bytes that it was asked with.
#pragma once

#include <optional>
#include <unordered_set>

#include "absl/base/thread_annotations.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/clock.h"
#include "server/mutex.h"

namespace lqvg::serving {

// Two answers: ready, for "" and "lqvg.v1.GroundingService", false from the start; live, for "lqvg.liveness", true from
// the start.
class HealthService final
    : public grpc::health::v1::Health::WithRawCallbackMethod_Check<
          grpc::health::v1::Health::WithRawCallbackMethod_Watch<grpc::health::v1::Health::Service>> {
 public:
  HealthService();
  ~HealthService() override;

  void SetReady(bool ready);
  void SetLive(bool live);

  // Ends every watch with UNAVAILABLE, now and from now on. Check goes on.
  void Shutdown();
  // After Shutdown: blocks until the watchers have been told, or until `deadline`.
  void AwaitWatchesEnded(const Clock& clock, TimePoint deadline);

  // SERVING or NOT_SERVING; NOT_FOUND for services that are not served here; INVALID_ARGUMENT for a malformed request.
  grpc::ServerUnaryReactor* Check(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                  grpc::ByteBuffer* response) override;

  // The status now and after every change; SERVICE_UNKNOWN for services that are not served here. Changes that come
  // faster than the client reads are merged: it is sent the newest, and nothing when that is what it already has.
  // INVALID_ARGUMENT for a malformed request.
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Watch(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request) override;

 private:
  class Watcher;
  using ServingStatus = grpc::health::v1::HealthCheckResponse::ServingStatus;
  enum class Subject { kReadiness, kLiveness, kUnknown };

  // What a request asks about; nothing if it is malformed.
  static std::optional<Subject> ParseSubject(const grpc::ByteBuffer* request);
  ServingStatus StatusOf(Subject subject) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void UpdateWatchers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Also guards what is in the watchers. Held while they write and finish: the library calls back from other threads.
  Mutex mutex_;
  bool ready_ ABSL_GUARDED_BY(mutex_) = false;
  bool live_ ABSL_GUARDED_BY(mutex_) = true;
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar watch_ended_;
  std::unordered_set<Watcher*> watchers_ ABSL_GUARDED_BY(mutex_);  // each owns itself, until OnDone
};

}  // namespace lqvg::serving
