#include "client/load/caller.h"

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "client/cpp/call_error.h"
#include "client/cpp/channel.h"
#include "client/load/breakable_connection.h"

namespace lqvg::load {
namespace {

grpc::Slice SliceOf(const std::string& bytes) { return grpc::Slice(bytes.data(), bytes.size()); }

std::string TextOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

// A call on its way. Made by the sender, ended by the one thread that waits on its queue, so nothing here is locked.
struct Call {
  enum class Event : std::uint8_t { kEnded, kGivesUp };
  struct Tag {
    Call* call;
    Event event;
  };

  PlannedCall plan;
  absl::Time due, sent;
  grpc::ClientContext context;
  grpc::ByteBuffer answer;
  grpc::Status status;
  std::unique_ptr<grpc::GenericStub> own_stub;  // of the connection that breaks
  std::optional<BreakableConnection> connection;
  std::unique_ptr<grpc::ClientAsyncResponseReader<grpc::ByteBuffer>> reader;
  grpc::Alarm alarm;
  bool has_ended = false, given_up = false;
  int events_left = 1;  // that will still come out of the queue
  Tag ended{this, Event::kEnded}, gives_up{this, Event::kGivesUp};
};

}  // namespace

class Caller::Parts {
 public:
  Parts(const CallerOptions& options, const Workload& workload, const Protocol& protocol, Done done,
        std::optional<BreakableTarget> breakable)
      : options_(options),
        workload_(workload),
        protocol_(protocol),
        done_(std::move(done)),
        breakable_(std::move(breakable)),
        queues_(static_cast<std::size_t>(options.threads)) {
    client::ClientOptions server = options.server;
    server.retry = false;
    for (int i = 0; i < options.channels; ++i) {
      stubs_.push_back(
          std::make_unique<grpc::GenericStub>(client::MakeChannel(server, client::Sharing::kOwnConnection)));
    }
    for (const Picture& picture : workload.pictures()) pictures_.push_back(SliceOf(protocol.PicturePart(picture)));
    for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this, i] { Wait(i); });
  }

  ~Parts() {
    WaitForAll();
    for (grpc::CompletionQueue& queue : queues_) queue.Shutdown();
    for (std::thread& thread : threads_) thread.join();
  }

  void Send(const PlannedCall& plan, absl::Time due) {
    const std::size_t turn = turn_.fetch_add(1, std::memory_order_relaxed);
    grpc::CompletionQueue& queue = queues_[turn % queues_.size()];
    auto* call = new Call;  // Handle deletes it
    in_flight_.fetch_add(1);
    call->plan = plan;
    call->due = due;
    call->sent = absl::Now();
    call->context.set_deadline(absl::ToChronoTime(due + plan.timeout));
    if (!options_.server.token.empty()) {
      call->context.AddMetadata("authorization", client::Authorization(options_.server));
    }
    const Picture& picture = workload_.pictures()[plan.picture];
    const grpc::Slice slices[] = {pictures_[plan.picture], SliceOf(protocol_.CallPart(picture, plan))};
    const grpc::ByteBuffer request(slices, std::size(slices));
    call->reader = StubFor(call, turn)->PrepareUnaryCall(&call->context, protocol_.method(), request, &queue);
    if (plan.give_up) {
      call->events_left = 2;
      call->alarm.Set(&queue, absl::ToChronoTime(call->sent + *plan.give_up), &call->gives_up);
    }
    call->reader->StartCall();
    // The last that is done to the call here: it may end at once, and be gone.
    call->reader->Finish(&call->answer, &call->status, &call->ended);
  }

  std::int64_t in_flight() const { return in_flight_.load(); }

  void WaitForAll() {
    std::unique_lock lock(mutex_);
    none_left_.wait(lock, [this] { return in_flight_.load() == 0; });
  }

 private:
  grpc::GenericStub* StubFor(Call* call, std::size_t turn) {
    if (call->plan.kills) {
      auto connection = BreakableConnection::Open(*breakable_);
      if (connection.ok()) {
        call->own_stub = std::make_unique<grpc::GenericStub>(connection->channel());
        call->connection = *std::move(connection);
        return call->own_stub.get();
      }
    }
    return stubs_[turn % stubs_.size()].get();
  }

  void Wait(int thread) {
    void* tag = nullptr;
    for (bool ok = false; queues_[static_cast<std::size_t>(thread)].Next(&tag, &ok);) {
      const Call::Tag& happened = *static_cast<Call::Tag*>(tag);
      Handle(thread, happened.call, happened.event, ok);
    }
  }

  void Handle(int thread, Call* call, Call::Event event, bool ok) {
    --call->events_left;
    if (event == Call::Event::kEnded) {
      call->has_ended = true;
      if (call->events_left > 0) call->alarm.Cancel();
      done_(thread, call->due, OutcomeOf(*call));
    } else if (ok && !call->has_ended) {
      call->given_up = true;
      if (call->connection) {
        call->connection->Break();
      } else {
        call->context.TryCancel();
      }
    }
    if (call->events_left > 0) return;
    delete call;
    if (in_flight_.fetch_sub(1) == 1) {
      const std::lock_guard lock(mutex_);  // so that who just looked is waiting by now
      none_left_.notify_all();
    }
  }

  Outcome OutcomeOf(const Call& call) const {
    const absl::Time now = absl::Now();
    Outcome outcome;
    outcome.latency = now - call.due;
    outcome.service = now - call.sent;
    outcome.lag = call.sent - call.due;
    outcome.given_up = call.given_up;
    outcome.expressions = static_cast<int>(call.plan.questions.size());
    if (call.status.ok()) {
      outcome.within_deadline = outcome.latency <= call.plan.timeout;
      protocol_.Judge(TextOf(call.answer), workload_.pictures()[call.plan.picture], call.plan, &outcome);
      return outcome;
    }
    outcome.status = absl::StatusCodeToString(static_cast<absl::StatusCode>(call.status.error_code()));
    outcome.message = call.status.error_message();
    outcome.reason =
        client::ErrorOf(client::MakeCallStatus(call.status.error_code(), "", call.status.error_details(), "")).reason;
    return outcome;
  }

  const CallerOptions options_;
  const Workload& workload_;
  const Protocol& protocol_;
  const Done done_;
  const std::optional<BreakableTarget> breakable_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::vector<grpc::Slice> pictures_;          // serialised, shared by every call about them
  std::vector<grpc::CompletionQueue> queues_;  // one for each thread
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> turn_ = 0;
  std::atomic<std::int64_t> in_flight_ = 0;
  std::mutex mutex_;
  std::condition_variable none_left_;
};

absl::StatusOr<std::unique_ptr<Caller>> Caller::Create(const CallerOptions& options, const Workload& workload,
                                                       const Protocol& protocol, Done done) {
  if (absl::Status status = client::CheckOptions(options.server); !status.ok()) return status;
  std::optional<BreakableTarget> breakable;
  if (options.kills) {
    if (options.server.tls) return absl::InvalidArgumentError("connections over TLS cannot be broken");
    absl::StatusOr<BreakableTarget> target = BreakableTarget::Resolve(options.server.target);
    if (!target.ok()) return target.status();
    breakable = *std::move(target);
  }
  return std::unique_ptr<Caller>(
      new Caller(std::make_unique<Parts>(options, workload, protocol, std::move(done), std::move(breakable))));
}

Caller::Caller(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Caller::~Caller() = default;
void Caller::Send(const PlannedCall& call, absl::Time due) { parts_->Send(call, due); }
std::int64_t Caller::in_flight() const { return parts_->in_flight(); }
void Caller::WaitForAll() { parts_->WaitForAll(); }

}  // namespace lqvg::load
