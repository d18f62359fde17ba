// `lqvg ground`: where the things that expressions describe are in pictures.
#pragma once

#include "client/cli/verb.h"

namespace lqvg::cli {

Verb GroundVerb();

}  // namespace lqvg::cli
