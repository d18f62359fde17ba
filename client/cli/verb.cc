#include "client/cli/verb.h"

#include "client/cli/ground_command.h"
#include "client/cli/health_command.h"
#include "client/cli/model_command.h"

namespace lqvg::cli {

std::vector<Verb> Verbs() { return {GroundVerb(), ModelVerb(), HealthVerb()}; }

}  // namespace lqvg::cli
