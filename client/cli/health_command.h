// `lqvg health`: whether a server, or one of its services, is ready; once or at every change.
#pragma once

#include "client/cli/verb.h"

namespace lqvg::cli {

Verb HealthVerb();

}  // namespace lqvg::cli
