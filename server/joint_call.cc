#include "server/joint_call.h"

#include <utility>
#include <variant>

#include "absl/status/status.h"

namespace lqvg::serving {
namespace {

std::size_t BytesOf(const GroundQuery& query) {
  const auto* const encoded = std::get_if<std::string>(&query.image);
  std::size_t bytes = encoded != nullptr ? encoded->size() : std::get<Image>(query.image).ByteCount();
  for (const std::string& expression : query.expressions) bytes += expression.size();
  return bytes;
}

// An expression that failed alone in its part fails the part.
void FailWithExpressions(CallOutcome& outcome) {
  if (!outcome.answer.ok()) return;
  for (const auto& result : outcome.answer->results) {
    if (result.ok()) continue;
    absl::Status failure = result.status();
    outcome.answer = std::move(failure);
    return;
  }
}

}  // namespace

std::shared_ptr<JointCall> JointCall::Start(Pipeline& pipeline, Request request) {
  Parse parse = std::move(request.parse);
  const std::size_t bytes = request.bytes;
  std::shared_ptr<JointCall> joint(new JointCall(pipeline, std::move(request)));
  CallRequest first;
  first.bytes = bytes;
  first.parse = [joint, parse = std::move(parse)]() mutable { return joint->Read(parse); };
  joint->StartPart(0, std::move(first));
  return joint;
}

JointCall::JointCall(Pipeline& pipeline, Request request)
    : pipeline_(pipeline),
      deadline_(request.deadline),
      caller_(std::move(request.caller)),
      done_(std::move(request.done)),
      parts_(1) {}

void JointCall::Cancel() {
  std::vector<std::shared_ptr<Call>> calls;
  {
    MutexLock lock(&mutex_);
    calls = calls_;
  }
  for (const std::shared_ptr<Call>& call : calls) call->Cancel();
}

absl::StatusOr<GroundQuery> JointCall::Read(Parse& parse) {
  absl::StatusOr<std::vector<GroundQuery>> queries = parse();
  if (!queries.ok()) return queries.status();
  if (!Expect(queries->size())) return absl::CancelledError("the call ended while it was read");
  for (std::size_t part = 1; part < queries->size(); ++part) {
    CallRequest request;
    request.bytes = BytesOf((*queries)[part]);
    request.is_part = true;
    request.parse = [query = std::move((*queries)[part])]() mutable -> absl::StatusOr<GroundQuery> {
      return std::move(query);
    };
    StartPart(part, std::move(request));
  }
  return std::move(queries->front());
}

bool JointCall::Expect(std::size_t parts) {
  MutexLock lock(&mutex_);
  parts_.resize(parts);
  unanswered_ = parts;
  return done_ != nullptr;
}

void JointCall::StartPart(std::size_t part, CallRequest request) {
  request.deadline = deadline_;
  request.caller = caller_;
  request.done = [self = shared_from_this(), part](CallOutcome outcome) { self->End(part, std::move(outcome)); };
  std::shared_ptr<Call> call = pipeline_.Start(std::move(request));
  {
    MutexLock lock(&mutex_);
    if (done_ != nullptr) {
      calls_.push_back(std::move(call));
      return;
    }
  }
  call->Cancel();  // another part has failed meanwhile
}

void JointCall::End(std::size_t part, CallOutcome outcome) {
  FailWithExpressions(outcome);
  absl::AnyInvocable<void(JointOutcome)> done;
  std::vector<std::shared_ptr<Call>> calls;
  JointOutcome joint;
  {
    MutexLock lock(&mutex_);
    if (done_ == nullptr) return;
    if (!outcome.answer.ok()) joint.failed = part;
    parts_[part] = std::move(outcome);
    if (!joint.failed && --unanswered_ > 0) return;
    joint.parts = std::move(parts_);
    calls.swap(calls_);
    done = std::exchange(done_, nullptr);
  }
  for (const std::shared_ptr<Call>& call : calls) call->Cancel();  // the other parts; nothing to those that have ended
  done(std::move(joint));
}

}  // namespace lqvg::serving
