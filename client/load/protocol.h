// How a planned call is put into bytes, and what its answer says: our own API, or the Open Inference Protocol v2 that
// Triton, KServe and this server speak.
//
// Immutable; any thread. Knows messages, not the network.
#pragma once

#include <memory>
#include <string>

#include "client/load/pictures.h"
#include "client/load/tally.h"
#include "client/load/workload.h"

namespace lqvg::load {

// A box is right where it overlaps the true one by more than that (the measure of the field, acc@0.5).
inline constexpr double kRightIou = 0.5;

class Protocol {
 public:
  virtual ~Protocol() = default;

  virtual const char* name() const = 0;    // "lqvg" or "oip"
  virtual const char* method() const = 0;  // "/lqvg.v1.GroundingService/Ground"

  // The request is these two one behind the other: protobuf reads a message that is cut in two as one. So a picture is
  // serialised once, however many calls ask about it, and its bytes are never copied again.
  virtual std::string PicturePart(const Picture& picture) const = 0;
  virtual std::string CallPart(const Picture& picture, const PlannedCall& call) const = 0;

  // Sets what `answer`, the bytes of an OK call's message, tells of: answers_known, answers_right, crossed. A message
  // that cannot be read is crossed.
  virtual void Judge(const std::string& answer, const Picture& picture, const PlannedCall& call,
                     Outcome* outcome) const = 0;
};

// lqvg.v1: request ids are `nonce` with the call's number, so an answer that went astray is seen.
std::unique_ptr<Protocol> MakeLqvgProtocol(const std::string& nonce);

// Inputs IMAGE BYTES [1, 1] and EXPRESSION BYTES [n, 1], outputs BOXES FP32 [n, 4] and SCORES FP32 [n], as this
// server's interface has it; so do models of Triton that batch, with one expression a call. The message's id is the
// call's.
std::unique_ptr<Protocol> MakeOipProtocol(const std::string& model, const std::string& nonce);

}  // namespace lqvg::load
