// `lqvg model`: what a server serves, on what device, within which limits.
#pragma once

#include "client/cli/verb.h"

namespace lqvg::cli {

Verb ModelVerb();

}  // namespace lqvg::cli
