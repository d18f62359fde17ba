#include "server/health_service.h"

#include <string>
#include <utility>

#include "server/wire.h"

namespace lqvg::serving {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kGroundingService[] = "lqvg.v1.GroundingService";
constexpr char kLiveness[] = "lqvg.liveness";

grpc::Status Malformed() {
  return {grpc::StatusCode::INVALID_ARGUMENT, "the request is not a grpc.health.v1.HealthCheckRequest"};
}

grpc::Status ShuttingDown() { return {grpc::StatusCode::UNAVAILABLE, "the server is shutting down"}; }

grpc::Status ClientLeft() { return {grpc::StatusCode::CANCELLED, "the client left"}; }

grpc::ByteBuffer Encode(HealthCheckResponse::ServingStatus status) {
  HealthCheckResponse response;
  response.set_status(status);
  return ToByteBuffer(response);
}

}  // namespace

// One Watch RPC. Everything in it is guarded by the service's mutex, and each method but the reactions needs it held.
class HealthService::Watcher final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  Watcher(HealthService* service, Subject subject) : service_(service), subject_(subject) {}

  Subject subject() const { return subject_; }

  // Sends the status unless the client has it, or has something on its way.
  void Update(ServingStatus status) {
    if (writing_ || finished_ || sent_ == status) return;
    writing_ = true;
    sent_ = status;
    message_ = Encode(status);
    StartWrite(&message_);
  }

  // Ends the RPC, once.
  void End(const grpc::Status& status) {
    if (!std::exchange(finished_, true)) Finish(status);
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(&service_->mutex_);
    writing_ = false;
    if (ok) {
      Update(service_->StatusOf(subject_));
    } else {
      End(ClientLeft());
    }
  }

  void OnCancel() override {
    MutexLock lock(&service_->mutex_);
    End(ClientLeft());
  }

  void OnDone() override {
    {
      MutexLock lock(&service_->mutex_);
      service_->watchers_.erase(this);
      service_->watch_ended_.NotifyAll();
    }
    delete this;
  }

 private:
  HealthService* const service_;
  const Subject subject_;
  grpc::ByteBuffer message_;           // the library reads it while writing_
  std::optional<ServingStatus> sent_;  // the last one
  bool writing_ = false;
  bool finished_ = false;
};

HealthService::HealthService() = default;
HealthService::~HealthService() = default;

void HealthService::SetReady(bool ready) {
  MutexLock lock(&mutex_);
  ready_ = ready;
  UpdateWatchers();
}

void HealthService::SetLive(bool live) {
  MutexLock lock(&mutex_);
  live_ = live;
  UpdateWatchers();
}

void HealthService::Shutdown() {
  MutexLock lock(&mutex_);
  shut_down_ = true;
  for (Watcher* watcher : watchers_) watcher->End(ShuttingDown());
}

void HealthService::AwaitWatchesEnded(const Clock& clock, TimePoint deadline) {
  MutexLock lock(&mutex_);
  while (!watchers_.empty() && clock.Now() < deadline) clock.WaitUntil(&watch_ended_, &mutex_, deadline);
}

grpc::ServerUnaryReactor* HealthService::Check(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                               grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const std::optional<Subject> subject = ParseSubject(request);
  if (!subject) {
    reactor->Finish(Malformed());
    return reactor;
  }
  if (*subject == Subject::kUnknown) {
    reactor->Finish({grpc::StatusCode::NOT_FOUND, "unknown service"});
    return reactor;
  }
  ServingStatus status;
  {
    MutexLock lock(&mutex_);
    status = StatusOf(*subject);
  }
  *response = Encode(status);
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* HealthService::Watch(grpc::CallbackServerContext*,
                                                                 const grpc::ByteBuffer* request) {
  const std::optional<Subject> subject = ParseSubject(request);
  auto* const watcher = new Watcher(this, subject.value_or(Subject::kUnknown));
  MutexLock lock(&mutex_);
  watchers_.insert(watcher);
  if (!subject) {
    watcher->End(Malformed());
  } else if (shut_down_) {
    watcher->End(ShuttingDown());
  } else {
    watcher->Update(StatusOf(*subject));
  }
  return watcher;
}

std::optional<HealthService::Subject> HealthService::ParseSubject(const grpc::ByteBuffer* request) {
  HealthCheckRequest parsed;
  if (!ParseMessage(TakeBytes(request), parsed)) return std::nullopt;
  const std::string& service = parsed.service();
  if (service == kLiveness) return Subject::kLiveness;
  return service.empty() || service == kGroundingService ? Subject::kReadiness : Subject::kUnknown;
}

HealthService::ServingStatus HealthService::StatusOf(Subject subject) const {
  if (subject == Subject::kUnknown) return HealthCheckResponse::SERVICE_UNKNOWN;
  const bool serving = subject == Subject::kLiveness ? live_ : ready_;
  return serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

void HealthService::UpdateWatchers() {
  for (Watcher* watcher : watchers_) watcher->Update(StatusOf(watcher->subject()));
}

}  // namespace lqvg::serving
