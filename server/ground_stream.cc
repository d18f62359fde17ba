#include "server/ground_stream.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/alarm.h"
#include "image/rejection.h"
#include "lqvg/v1/grounding.pb.h"
#include "server/rpc.h"
#include "server/wire.h"
#include "server/wire_answer.h"
#include "server/wire_status.h"
#include "server/wire_timeout.h"

namespace lqvg::serving {
namespace {

constexpr std::size_t kMaxUnanswered = 16;

// Why a stream reads no more.
enum class End { kHalfClosed, kAged, kDraining, kCancelled, kBroken };

absl::Status StatusOf(End end) {
  constexpr auto kUnavailable = absl::StatusCode::kUnavailable;
  switch (end) {
    case End::kHalfClosed:
      return absl::OkStatus();
    case End::kAged:
      return Reject(kUnavailable, "STREAM_AGED", "the stream reached its age limit; open another one");
    case End::kDraining:
      return Reject(kUnavailable, "SHUTTING_DOWN", "the server is shutting down");
    case End::kCancelled:
      return Reject(absl::StatusCode::kCancelled, "CLIENT_CANCELLED", "the client cancelled the stream");
    case End::kBroken:
      break;
  }
  return Reject(absl::StatusCode::kInternal, "INTERNAL_ERROR", "no memory to serve the stream");
}

// For an item that does not name itself: in the log, it is found by its stream's id.
std::string IdOfItem(const std::string& stream_id, std::uint64_t sequence) {
  std::string id = absl::StrCat(stream_id, "/", sequence);
  return IsIdentifier(id) ? id : MakeRequestId();
}

}  // namespace

// One stream. Shared by the open streams (until OnDone) and by the calls of its items (until they are answered, so not
// much longer). What happens to it, on whatever thread, is noted under the mutex; then Advance does what has become
// possible. The library calls back from other threads, so reads and writes may be started with the mutex held.
class GroundStreams::Stream final : public Reactor, public std::enable_shared_from_this<Stream> {
 public:
  Stream(GroundStreams& streams, grpc::CallbackServerContext* context, Opening opening)
      : streams_(streams),
        context_(context),
        record_(std::move(opening.record)),
        begun_(opening.begun),
        caller_(std::move(opening.caller)),
        open_(std::move(opening.open)) {
    if (const std::optional<Duration> left = TimeLeft(context->raw_deadline())) deadline_ = begun_ + *left;
    items_.reserve(kMaxUnanswered);
    answers_.reserve(kMaxUnanswered);
  }

  // Begins to read. Never throws.
  void Start();
  // Reads no more, unless it has stopped before.
  void Stop(End why);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override { Abandon(); }
  void OnDone() override;

 private:
  // What was read and is not answered.
  struct Item {
    std::uint64_t sequence;
    std::shared_ptr<Call> call;  // null while it is started
  };

  void StartItem(std::uint64_t sequence, grpc::ByteBuffer bytes);
  CallRequest RequestFor(std::uint64_t sequence, grpc::ByteBuffer bytes);
  // The item's own deadline, never after the stream's; nothing if neither names one.
  std::optional<TimePoint> DeadlineOf(const grpc::ByteBuffer& bytes) const;
  // An item's call is done.
  void Answer(std::uint64_t sequence, const std::string& id, const ModelInfo& model, const CallOutcome& outcome);
  grpc::ByteBuffer Report(std::uint64_t sequence, const std::string& id, const ModelInfo& model,
                          const CallOutcome& outcome) const;
  // Nobody waits for answers any more.
  void Abandon();
  // Writes and reads what can be written and read now. An end when the stream is over: who is told this, once, is to
  // call FinishWith without the mutex.
  std::optional<End> Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishWith(End end);
  std::vector<Item>::iterator Find(std::uint64_t sequence) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  GroundStreams& streams_;                      // used only while the RPC is not done
  grpc::CallbackServerContext* const context_;  // likewise
  FinishedCall record_;                         // of the stream; completed by FinishWith
  const TimePoint begun_;
  const Caller caller_;
  OpenRpcs::Token open_;
  std::optional<TimePoint> deadline_;
  grpc::Alarm age_;  // its destructor cancels it

  Mutex mutex_;
  std::optional<End> end_ ABSL_GUARDED_BY(mutex_);  // set: nothing more is read
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;   // a second Finish would end the process
  std::uint64_t next_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Item> items_ ABSL_GUARDED_BY(mutex_);
  std::vector<grpc::ByteBuffer> answers_ ABSL_GUARDED_BY(mutex_);  // that wait to be written
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ByteBuffer read_, written_;  // the library's while reading_, and while writing_
};

void GroundStreams::Stream::Start() {
  std::optional<End> over;
  bool broken = false;
  try {
    using std::chrono::system_clock;
    const auto age = std::chrono::duration_cast<system_clock::duration>(streams_.options_.max_age);
    age_.Set(system_clock::now() + age, [stream = weak_from_this()](bool expired) {
      if (!expired) return;
      if (const std::shared_ptr<Stream> self = stream.lock()) self->Stop(End::kAged);
    });
  } catch (...) {
    broken = true;
  }
  {
    MutexLock lock(&mutex_);
    if (broken && !end_) end_ = End::kBroken;
    over = Advance();
  }
  if (over) FinishWith(*over);
}

void GroundStreams::Stream::Stop(End why) {
  std::optional<End> over;
  {
    MutexLock lock(&mutex_);
    if (!end_) end_ = why;
    over = Advance();
  }
  if (over) FinishWith(*over);
}

void GroundStreams::Stream::OnReadDone(bool ok) {
  if (!ok) return context_->IsCancelled() ? Abandon() : Stop(End::kHalfClosed);
  grpc::ByteBuffer bytes;
  std::uint64_t sequence = 0;
  {
    MutexLock lock(&mutex_);
    reading_ = false;
    bytes.Swap(&read_);
    if (end_) return;  // too late: perhaps the status is already on its way
    sequence = next_sequence_++;
    items_.push_back({sequence, nullptr});
  }
  StartItem(sequence, std::move(bytes));
}

void GroundStreams::Stream::OnWriteDone(bool ok) {
  std::optional<End> over;
  {
    MutexLock lock(&mutex_);
    writing_ = false;
    written_.Clear();
    if (ok) over = Advance();
  }
  if (over) FinishWith(*over);
  if (!ok) Abandon();
}

void GroundStreams::Stream::OnDone() {
  open_.reset();  // a call may hold this object a little longer than the service lives
  const Stream* const key = this;
  std::shared_ptr<Stream> self;
  MutexLock lock(&streams_.mutex_);
  const auto found = streams_.streams_.find(key);
  self = std::move(found->second);
  streams_.streams_.erase(found);
}

void GroundStreams::Stream::StartItem(std::uint64_t sequence, grpc::ByteBuffer bytes) {
  std::shared_ptr<Call> call;
  try {
    call = streams_.pipeline_.Start(RequestFor(sequence, std::move(bytes)));
  } catch (...) {
    call = nullptr;
  }
  std::optional<End> over;
  bool abandoned = false;
  {
    MutexLock lock(&mutex_);
    if (const auto item = Find(sequence); item != items_.end()) {  // else it is answered
      item->call = call;
      abandoned = call != nullptr && end_ == End::kCancelled;
      if (call == nullptr) {
        items_.erase(item);
        if (end_ != End::kCancelled) end_ = End::kBroken;
      }
    }
    over = Advance();
  }
  if (abandoned) call->Cancel();
  if (over) FinishWith(*over);
}

CallRequest GroundStreams::Stream::RequestFor(std::uint64_t sequence, grpc::ByteBuffer bytes) {
  std::shared_ptr<const ModelInfo> model = streams_.options_.model();
  const std::string id = IdOfItem(record_.request_id, sequence);
  CallRequest request;
  request.bytes = bytes.Length();
  request.caller = caller_.key;
  request.deadline = DeadlineOf(bytes);
  request.done = [self = shared_from_this(), sequence, id, model](const CallOutcome& outcome) {
    self->Answer(sequence, id, *model, outcome);
  };
  request.parse = [bytes = std::move(bytes), limits = streams_.options_.limits, model = std::move(model), id,
                   client = caller_.client]() -> absl::StatusOr<GroundQuery> {
    absl::StatusOr<GroundQuery> query = ParseGroundStreamRequest(bytes, limits, *model, id);
    if (query.ok()) query->client = client;
    return query;
  };
  return request;
}

std::optional<TimePoint> GroundStreams::Stream::DeadlineOf(const grpc::ByteBuffer& bytes) const {
  const std::optional<Duration> timeout = FindTimeout(bytes);
  if (!timeout) return deadline_;
  const TimePoint own = streams_.clock_.Now() + *timeout;
  return deadline_ ? std::min(own, *deadline_) : own;
}

void GroundStreams::Stream::Answer(std::uint64_t sequence, const std::string& id, const ModelInfo& model,
                                   const CallOutcome& outcome) {
  std::optional<grpc::ByteBuffer> answer;
  try {
    answer = Report(sequence, id, model, outcome);
  } catch (...) {
    answer.reset();
  }
  std::optional<End> over;
  {
    MutexLock lock(&mutex_);
    items_.erase(Find(sequence));
    if (end_ != End::kCancelled) {
      if (answer) {
        answers_.push_back(*std::move(answer));
      } else {
        end_ = End::kBroken;
      }
    }
    over = Advance();
  }
  if (over) FinishWith(*over);
}

grpc::ByteBuffer GroundStreams::Stream::Report(std::uint64_t sequence, const std::string& id, const ModelInfo& model,
                                               const CallOutcome& outcome) const {
  const TimePoint begun = streams_.clock_.Now();
  FinishedCall record{.method = record_.method, .client = record_.client, .traceparent = record_.traceparent};
  record.request_id = outcome.request_id.empty() ? RequestIdOf(outcome.answer.status()) : outcome.request_id;
  if (record.request_id.empty()) record.request_id = id;  // it was not read

  v1::GroundStreamResponse response;
  response.set_sequence(sequence);
  response.set_request_id(record.request_id);
  if (outcome.answer.ok()) {
    *response.mutable_response() = ToGroundResponse(outcome, model, record.request_id);
    RecordAnswer(*outcome.answer, record);
  } else {
    *response.mutable_error() = ToRpcStatus(outcome.answer.status(), record.request_id);
    RecordFailure(outcome.answer.status(), record);
  }
  grpc::ByteBuffer bytes = ToByteBuffer(response);
  record.times = outcome.times;
  record.respond = streams_.clock_.Now() - begun;
  record.total = outcome.total + record.respond;
  record.slack = outcome.slack - record.respond;
  if (*streams_.options_.observer) (*streams_.options_.observer)(record);
  return bytes;
}

void GroundStreams::Stream::Abandon() {
  std::array<std::shared_ptr<Call>, kMaxUnanswered> calls;
  std::optional<End> over;
  {
    MutexLock lock(&mutex_);
    if (finished_) return;
    end_ = End::kCancelled;
    answers_.clear();
    for (std::size_t i = 0; i < items_.size(); ++i) calls[i] = items_[i].call;
    over = Advance();
  }
  for (const std::shared_ptr<Call>& call : calls) {
    if (call != nullptr) call->Cancel();  // StartItem sees to one that is only being started
  }
  if (over) FinishWith(*over);
}

std::optional<End> GroundStreams::Stream::Advance() {
  if (finished_) return std::nullopt;
  if (!writing_ && !answers_.empty()) {
    writing_ = true;
    written_.Swap(&answers_.front());
    answers_.erase(answers_.begin());
    StartWrite(&written_);
  }
  if (end_) {
    // A read may still be under way: it ends with the stream.
    finished_ = items_.empty() && !writing_;
    return finished_ ? end_ : std::nullopt;
  }
  if (!reading_ && items_.size() + answers_.size() + (writing_ ? 1 : 0) < kMaxUnanswered) {
    reading_ = true;
    StartRead(&read_);
  }
  return std::nullopt;
}

void GroundStreams::Stream::FinishWith(End end) {
  grpc::Status status;
  try {
    status = Conclude(StatusOf(end), record_, *context_);
    record_.total = streams_.clock_.Now() - begun_;
    if (end != End::kHalfClosed && *streams_.options_.observer) (*streams_.options_.observer)(record_);
  } catch (...) {
    status = OutOfMemory();
  }
  Finish(std::move(status));
}

std::vector<GroundStreams::Stream::Item>::iterator GroundStreams::Stream::Find(std::uint64_t sequence) {
  return std::find_if(items_.begin(), items_.end(), [sequence](const Item& item) { return item.sequence == sequence; });
}

GroundStreams::GroundStreams(Options options, Pipeline& pipeline, const Clock& clock)
    : options_(std::move(options)), pipeline_(pipeline), clock_(clock) {}

GroundStreams::~GroundStreams() = default;

GroundStreams::Reactor* GroundStreams::Begin(grpc::CallbackServerContext* context, Opening opening) {
  const auto stream = std::make_shared<Stream>(*this, context, std::move(opening));
  bool draining = false;
  {
    MutexLock lock(&mutex_);
    streams_.emplace(stream.get(), stream);
    draining = draining_;
  }
  if (draining) {
    stream->Stop(End::kDraining);
  } else {
    stream->Start();
  }
  return stream.get();
}

void GroundStreams::BeginDrain() {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    MutexLock lock(&mutex_);
    draining_ = true;
    for (const auto& [key, stream] : streams_) streams.push_back(stream);
  }
  for (const std::shared_ptr<Stream>& stream : streams) stream->Stop(End::kDraining);
}

}  // namespace lqvg::serving
