#!/usr/bin/env bash
# Runs every test of a built tree, C++ then Python, and fails if any failed; each runner closes with its totals.
# usage: tools/run_tests.sh BUILD_DIR [JOBS]
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly build=${1:?usage: tools/run_tests.sh BUILD_DIR [JOBS]} jobs=${2:-1}
export LQVG_BUILD_DIR="$PWD/$build" LQVG_BINARY_DIR="$PWD/$build/bin"
# Threads that wait by spinning make two processes on the same cores ten times slower.
export OMP_WAIT_POLICY=PASSIVE

failed=()
ctest --test-dir "$build" --parallel "$jobs" --output-on-failure --no-tests=error || failed+=(C++)
.deps/venv/bin/python -m pytest || failed+=(Python)
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "FAILED: ${failed[*]} tests; see above" >&2
  exit 1
fi
