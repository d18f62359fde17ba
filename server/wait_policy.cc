#include "server/wait_policy.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>

namespace lqvg::serving {

void MakeWaitingPassive(char* const* argv) {
  constexpr char kPolicy[] = "OMP_WAIT_POLICY";
  // NOLINTBEGIN(concurrency-mt-unsafe): there is one thread
  if (std::getenv(kPolicy) != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  if (setenv(kPolicy, "PASSIVE", 1) != 0) return;
  // NOLINTEND(concurrency-mt-unsafe)
  // Resolved, because the process is named after the path that it is started by.
  char program[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
  if (length <= 0) return;
  program[length] = '\0';
  execv(program, argv);
}

}  // namespace lqvg::serving
