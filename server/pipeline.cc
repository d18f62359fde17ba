#include "server/pipeline.h"

#include <exception>
#include <new>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "image/rejection.h"
#include "model/letterbox.h"
#include "server/make_answer.h"

namespace lqvg::serving {
namespace {

// Tasks that wait for the pool, as a multiple of the calls inside: a finished call's task waits on, nearly empty, until
// its turn comes, and must not cost a living call its place.
constexpr std::size_t kTasksPerCall = 4;

std::size_t MaxTasks(const AdmissionLimits& limits) {
  return kTasksPerCall * static_cast<std::size_t>(limits.max_calls);
}

absl::Status PoolFull(std::size_t max_tasks) {
  return Reject(absl::StatusCode::kUnavailable, "QUEUE_FULL",
                absl::StrCat(max_tasks, " calls wait to be read, the limit"));
}

// Runs a step of preparing: what it throws ends the call, not the thread.
void EndExceptions(Call& call, absl::FunctionRef<void()> step) {
  try {
    step();
  } catch (const std::bad_alloc&) {
    call.Finish(Reject(absl::StatusCode::kUnavailable, "MEMORY_BUDGET", "no memory to read the request"));
  } catch (...) {
    call.Finish(Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", "reading the request failed"));
  }
}

}  // namespace

Pipeline::Pipeline(const Options& options, const Clock& clock)
    : options_(options),
      clock_(clock),
      admission_(options.admission),
      watch_(clock),
      pool_(options.decode_threads, MaxTasks(options.admission), clock) {}

Pipeline::~Pipeline() { Stop(); }

void Pipeline::Open(Grounder& grounder, PrepareFunction prepare) {
  prepare_ = std::move(prepare);
  batcher_ =
      std::make_unique<Batcher>(Batcher::Options{.limits = options_.batch,
                                                 .max_queue = static_cast<std::size_t>(options_.admission.max_calls),
                                                 .observer = options_.batch_observer,
                                                 .device_timeout = options_.device_timeout,
                                                 .device_loss_observer = [this](DeviceLoss loss) { LoseDevice(loss); },
                                                 .faults = options_.faults,
                                                 .caches = options_.caches},
                                grounder, clock_);
  open_.store(true, std::memory_order_release);
  admission_.Open(CanvasBytes(grounder.info().input_size));
}

std::shared_ptr<Call> Pipeline::Start(CallRequest request) {
  absl::StatusOr<AdmissionSlot> slot = request.is_part ? admission_.AdmitPart(request.bytes, request.caller)
                                                       : admission_.Admit(request.bytes, request.caller);
  const absl::Status refusal = slot.status();
  const TimePoint deadline = request.deadline.value_or(clock_.Now() + options_.default_deadline);
  if (options_.faults != nullptr) {
    request.done = [faults = options_.faults, done = std::move(request.done)](CallOutcome outcome) mutable {
      faults->Delay(FaultPoint::kFinishing);
      done(std::move(outcome));
    };
  }
  auto call = std::make_shared<Call>(clock_, deadline, std::move(request.parse), std::move(request.done),
                                     refusal.ok() ? *std::move(slot) : AdmissionSlot());
  if (!refusal.ok()) {
    call->Finish(refusal);
    return call;
  }
  watch_.Watch(call);
  if (request.bytes < options_.read_at_once_bytes) {
    Read(call);
  } else {
    ToPool(DecodePool::Lane::kReading, *call, [this, call] { Read(call); });
  }
  return call;
}

void Pipeline::BeginDrain() { admission_.Close(); }

bool Pipeline::WaitIdle(TimePoint deadline) { return admission_.WaitIdle(clock_, deadline); }

void Pipeline::Stop() {
  admission_.Close();
  // From here on whatever was admitted, even a call that is between Admit and Watch, is finished by the watch.
  watch_.FinishAll(Reject(absl::StatusCode::kUnavailable, "SHUTTING_DOWN", "the server is shutting down"));
  pool_.Stop();
  if (batcher_) batcher_->Stop();
  admission_.WaitIdle(clock_, TimePoint::max());
}

void Pipeline::ToPool(DecodePool::Lane lane, Call& call, DecodePool::Task step) {
  if (!pool_.Submit(lane, std::move(step))) call.Finish(PoolFull(MaxTasks(options_.admission)));
}

void Pipeline::Read(const std::shared_ptr<Call>& call) {
  EndExceptions(*call, [&] { ReadOrThrow(call); });
}

void Pipeline::Decode(const std::shared_ptr<Call>& call) {
  EndExceptions(*call, [&] {
    if (Call::Rest rest = call->TakeParked()) rest(call);
  });
}

void Pipeline::ReadOrThrow(const std::shared_ptr<Call>& call) {
  const TimePoint begun = clock_.Now();
  const Duration waited = begun - call->arrival();
  call->Record(&StageTimes::pool_queue, waited);
  if (call->deadline() <= begun) call->Expire();
  Call::Parse parse = call->TakeParse();
  if (!parse) return;  // finished

  absl::StatusOr<GroundQuery> query = parse();
  call->Record(&StageTimes::parse, clock_.Now() - begun);
  parse = nullptr;  // the request's own bytes: freed before the picture's pixels are allocated
  if (!query.ok()) {
    call->Finish(query.status());
    return;
  }
  call->RecordRequestId(query->request_id);
  if (query->deadline && *query->deadline < call->deadline()) {
    call->Shorten(*query->deadline);
    watch_.Watch(call);
    if (call->deadline() <= clock_.Now()) call->Expire();
  }
  if (options_.faults != nullptr) options_.faults->Delay(FaultPoint::kParsed);
  if (call->finished()) return;

  absl::StatusOr<Preparation> preparation = prepare_(*std::move(query), *call);
  absl::Status status = preparation.status();
  if (status.ok() && CountUnknown(preparation->query) > 0) {
    Demand demand = DemandOf(preparation->query);
    if (preparation->read_picture) demand.decoding = pool_.ForecastDecoding();
    status = batcher_->Announce(call, std::move(demand));
  }
  if (!status.ok()) {
    call->Finish(std::move(status));
    return;
  }
  GoOn(call, *std::move(preparation), waited);
}

void Pipeline::GoOn(const std::shared_ptr<Call>& call, Preparation preparation, Duration waited) {
  if (!preparation.read_picture) {
    ToBatcher(call, std::move(preparation.query));
    return;
  }
  call->Park([this, preparation = std::move(preparation), waited,
              parked = clock_.Now()](const std::shared_ptr<Call>& owner) mutable {
    const TimePoint begun = clock_.Now();
    owner->Record(&StageTimes::pool_queue, waited + (begun - parked));
    if (owner->deadline() <= begun) owner->Expire();
    if (owner->finished()) return;
    absl::StatusOr<PreparedQuery> query = Complete(std::move(preparation), *owner);
    if (query.ok()) {
      ToBatcher(owner, *std::move(query));
    } else {
      owner->Finish(query.status());
    }
  });
  ToPool(DecodePool::Lane::kDecoding, *call, [this, call] { Decode(call); });
}

void Pipeline::ToBatcher(const std::shared_ptr<Call>& call, PreparedQuery query) {
  if (options_.faults != nullptr) options_.faults->Delay(FaultPoint::kQueued);
  if (call->finished()) return;
  if (CountUnknown(query) == 0) {
    call->Finish(AnswerFromCache(query));
  } else {
    batcher_->Submit(call, std::move(query));
  }
}

void Pipeline::LoseDevice(DeviceLoss loss) {
  if (device_lost_.exchange(true)) return;
  if (options_.device_loss_observer) options_.device_loss_observer(loss);
  watch_.FinishAll(Reject(absl::StatusCode::kUnavailable, "DEVICE_LOST", "the device of this server is lost"));
}

}  // namespace lqvg::serving
