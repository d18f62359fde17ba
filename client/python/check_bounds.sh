#!/usr/bin/env bash
# Runs the tests of the Python client with the oldest versions of everything that pyproject.toml allows, and with the
# newest that the package index has, each in a new environment outside the tree. Needs the index and a built tree
# (LQVG_BUILD_DIR, default build/). Before a release, and after a change to the bounds or to the generated code.
# usage: client/python/check_bounds.sh OLDEST_PYTHON NEWEST_PYTHON   (such as python3.9 and python3.13)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly oldest_python=${1:?usage: client/python/check_bounds.sh OLDEST_PYTHON NEWEST_PYTHON}
readonly newest_python=${2:?usage: client/python/check_bounds.sh OLDEST_PYTHON NEWEST_PYTHON}
# grpcio-tools is for the servers of the tests; of one version with grpcio.
readonly oldest=(grpcio==1.62.2 grpcio-tools==1.62.2 protobuf==4.25.1 googleapis-common-protos==1.62.0 pillow==10.1.0
  numpy==1.22.0)
readonly newest=(grpcio grpcio-tools protobuf googleapis-common-protos pillow numpy)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# usage: check NAME PYTHON REQUIREMENT...
check() {
  local name=$1 python=$2
  shift 2
  "$python" -m venv "$folder/$name"
  local pip=("$folder/$name/bin/python" -m pip --disable-pip-version-check --quiet)
  "${pip[@]}" install "./client/python[pillow,numpy]" pytest "$@"
  echo "bounds: $name: $("$folder/$name/bin/python" --version), $("${pip[@]}" freeze |
    grep -iE '^(grpcio|protobuf|googleapis-common-protos|pillow|numpy)==' | paste -sd ' ')"
  # The installed package, not the one in the tree. How it is built and typed is the same with all versions.
  "$folder/$name/bin/python" -m pytest -q -o pythonpath= --ignore tests/client/python/package_test.py \
    tests/client/python
}

check oldest "$oldest_python" "${oldest[@]}"
check newest "$newest_python" "${newest[@]}"
