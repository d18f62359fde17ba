#!/usr/bin/env bash
# The run.sh of out/cuda-bundle (`make cuda-bundle`): runs its programs on a machine that has Python's torch and little
# else. The libraries of torch and NVIDIA are found by where Python keeps them; nothing is imported for that.
set -euo pipefail

readonly here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly python=${LQVG_PYTHON:-python3}

usage() {
  cat <<'TEXT'
usage: run.sh COMMAND [ARGUMENT...]   runs a program of bin/ by its name, or any other command, with the libraries
       run.sh --self-test             tries everything that is here; what needs a GPU says so where there is none
LQVG_PYTHON names a Python that has torch (python3); LQVG_WORK the folder in which the self-test puts 0.7 GB (/tmp).
TEXT
}

fail() { printf 'run.sh: %s\n' "$@" >&2; exit 1; }

# The folders of torch's and NVIDIA's libraries, with colons between them.
find_libraries() {
  "$python" -c '
import importlib.util, pathlib, sys
found = importlib.util.find_spec("torch")
if found is None or not found.origin:
    sys.exit("run.sh: this Python has no torch; LQVG_PYTHON names another")
packages = pathlib.Path(found.origin).parents[1]
print(":".join(map(str, [packages / "torch/lib", *sorted(packages.glob("nvidia/*/lib"))])))'
}

# What the loader does not find for the programs here, one complaint a line.
unmet() { LD_LIBRARY_PATH=$libraries ldd "$here"/bin/* 2>&1 | grep -E 'not found|version `' | sort -u || true; }

# Sets `libraries`.
set_libraries() {
  local found missing
  found=$(find_libraries) || exit 1
  libraries="$here/lib:$found${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  missing=$(unmet)
  [[ -z $missing ]] || fail "this machine cannot run the programs:" "$missing"
}

program() { LD_LIBRARY_PATH=$libraries LQVG_SOURCE_DIR=$here "$@"; }

# tell NAME COMMAND...: runs it and says in a line how it went; what it printed is told when it fails.
tell() {
  local name=$1 begin=$SECONDS code=0 log
  log="$work/log"
  program "${@:2}" >"$log" 2>&1 || code=$?
  if grep -q 'not supported by this processor' "$log"; then
    echo "skipped      $name: not supported by this processor"
  elif ((code != 0)); then
    failed=1
    echo "FAILED       $name (exit code $code); its last lines:"
    tail -n 40 "$log"
  elif grep -q 'not measured: no GPU' "$log"; then
    echo "not measured: no GPU    $name"
  else
    echo "passed       $name ($((SECONDS - begin)) s)"
    grep -E ' [0-9.]+e[-+][0-9]+$|acc@0.5|samples/s' "$log" | sed 's/^/             /' || true
  fi
}

tell_parity() {
  if ! "$python" -c 'import numpy, safetensors' 2>/dev/null; then
    echo "not measured: Python has no numpy or no safetensors    parity"
    return
  fi
  "$python" "$here/tools/make_model.py" --seed 1 --also-size 800 "$work/800" "$work/1024" >/dev/null
  local device
  for device in cpu "$@"; do
    tell "parity with the official code, $device" \
      env LQVG_REFERENCE_MODEL="$work" LQVG_PARITY_DEVICE="$device" LQVG_PARITY_REPORT=1 \
      "$here/bin/lqvg-model-tests" --gtest_filter='Official/*'
  done
}

# A recipe's paths count from the present folder.
tell_training() {
  cd "$here"
  local device precision
  for device in cpu "$@"; do
    for precision in fp32 bf16; do
      tell "training, $device, $precision" "$here/bin/lqvg-train" --recipe "recipes/self_test_$precision.json" \
        --out "$work/run-$device-$precision" --device "$device"
    done
    tell "evaluation, $device" "$here/bin/lqvg-train" --evaluate "$work/run-$device-fp32/model" --scenes 8 --device "$device"
  done
}

self_test() {
  work=$(mktemp -d "${LQVG_WORK:-${TMPDIR:-/tmp}}/lqvg-self-test-XXXXXX")
  trap 'rm -rf "$work"' EXIT
  failed=0
  local gpu=() isa tests="$here/bin/lqvg-model-tests"
  if nvidia-smi -L 2>/dev/null || [[ -e /dev/nvidia0 ]]; then
    gpu=(cuda)
    export LQVG_REQUIRE_GPU=1  # a GPU that the programs do not find is a fault then
  fi
  echo "$(getconf GNU_LIBC_VERSION), $(nproc) processors, libraries: $libraries"
  for isa in generic avx2 avx512; do tell "kernels, $isa" env LQVG_ISA="$isa" "$tests" --gtest_filter='KernelsTest.*:DeformAttnBackwardTest.*'; done
  tell "model and layers" "$tests" --gtest_filter='-KernelsTest.*:DeformAttnBackwardTest.*:CudaTest.*:Official/*'
  tell "GPU against CPU" env LQVG_PARITY_REPORT=1 "$tests" --gtest_filter='CudaTest.*'
  tell_parity "${gpu[@]}"
  tell_training "${gpu[@]}"
  [[ -n ${gpu[*]} ]] || echo "not measured: no GPU    parity, training and evaluation on cuda"
  ((failed == 0)) || fail "something failed; see above"
  echo "self-test passed"
}

case ${1:-} in
  "") usage >&2; exit 2 ;;
  --help | -h) usage; exit 0 ;;
  --self-test)
    (($# == 1)) || { usage >&2; exit 2; }
    set_libraries
    self_test
    exit ;;
  -*) usage >&2; exit 2 ;;
esac

command=$1
[[ $command == */* || ! -x $here/bin/$command ]] || command="$here/bin/$command"
[[ $command == */* ]] || command=$(type -P "$command") || fail "$1 is neither in $here/bin nor a command of this machine"
[[ -x $command ]] || fail "$command is not a program"
set_libraries
export LD_LIBRARY_PATH=$libraries LQVG_SOURCE_DIR=$here
exec "$command" "${@:2}"
