#!/usr/bin/env bash
# Installs what building, testing and running lqvg-serve needs, and nothing that is already there:
#   1. packages of Debian 12 (Ubuntu 24.04 has the same names), with apt, as root or through sudo;
#   2. a Python environment for the tests and tools, in .deps/venv, from tools/requirements.txt;
#   3. LibTorch, in .deps/libtorch, from tools/libtorch.txt;
#   4. Prometheus, in .deps/prometheus, for the tests of alerts and dashboards: out of Debian's package, which is not
#      itself installed, because that would start a server on this machine.
# The lists of 2 and 3 are pinned by version and hash. Run it as often as you like: a step that has nothing to do takes no time,
# and one that was interrupted is done again. Mirrors, proxies and certificates are those that apt and pip are
# configured with. `make deps` and the image build call it.
#
# usage: tools/install_dependencies.sh [--with-checks] [--with-fuzzing] [--with-bench] [--with-deb] [--with-image]
#        tools/install_dependencies.sh --runtime
#   --with-checks   also clang-format and clang-tidy, which only `make fmt` and `make lint` need (50 MB)
#   --with-fuzzing  also clang and its fuzzer, which only `make fuzz` needs (280 MB installed)
#   --with-bench    also Google Benchmark, which only the benchmarks need
#   --with-deb      also what only `make deb` and its test need
#   --with-image    also what only `make image-test` needs: building and running images without a daemon
#   --runtime       instead of all that, the shared libraries that the built programs need: the image calls it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly deps="$PWD/.deps"
readonly python=/usr/bin/python3  # Debian's own: what PATH finds first may be a version without wheels here

packages=(
  # To build.
  ca-certificates ccache cmake g++ git make ninja-build pkg-config python3 python3-venv
  # The contract and its transport.
  libabsl-dev libc-ares-dev libgrpc++-dev libprotobuf-dev libssl-dev protobuf-compiler protobuf-compiler-grpc zlib1g-dev
  # Pictures. Not libopencv-dev: it brings 338 packages more for its other modules.
  libjpeg-dev libopencv-core-dev libopencv-imgproc-dev libpng-dev libtiff-dev
  # Logs, metrics, JSON.
  libspdlog-dev nlohmann-json3-dev prometheus-cpp-dev
  # Annotations of data sets, in XML.
  libpugixml-dev
  # Tests. The shells and groff: completion and manual pages are tried in what reads them.
  fish groff-base libgmock-dev libgtest-dev zsh
)
readonly check_packages=(clang-format-14 clang-tidy-14)
readonly fuzzing_packages=(clang-14 libclang-rt-14-dev llvm-14)  # llvm: names in the stacks of reports
readonly bench_packages=(libbenchmark-dev)
readonly deb_packages=(debootstrap dpkg-dev file lintian systemd-container)
readonly image_packages=(buildah crun debootstrap iproute2 uidmap)
# Debian 12's. tests/deploy/install_test.py compares them with what the programs are linked to.
readonly runtime_packages=(
  libabsl20220623 libc6 libgcc-s1 libgrpc++1.51 libgrpc29 libjpeg62-turbo libopencv-core406 libopencv-imgproc406
  libpng16-16 libprometheus-cpp-core1.0 libprometheus-cpp-pull1.0 libprotobuf32 libspdlog1.10 libssl3 libstdc++6
  libtiff6
)

say() { echo "deps: $*"; }
fail() {
  printf 'deps: %s\n' "$@" >&2
  exit 1
}

# Prints those of the named packages that are not installed.
missing_packages() {
  local installed
  installed=" $(dpkg-query --show --showformat='${Package}=${db:Status-Status} ' "$@" 2>/dev/null || true)"
  for package in "$@"; do
    [[ $installed == *" $package=installed "* ]] || echo "$package"
  done
}

check_platform() {
  local system
  system=$(. /etc/os-release 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}") || true
  case $system in
    "debian 12" | "ubuntu 24.04") ;;
    *) say "this is '$system': only Debian 12 is tested, and Ubuntu 24.04 is expected to work" ;;
  esac
  [[ $(uname -m) == x86_64 ]] || fail "LibTorch is pinned for x86_64; this machine is $(uname -m)"
}

install_packages() {
  local missing as_root=()
  command -v apt-get >/dev/null || fail "there is no apt-get here: install by hand ${packages[*]}"
  mapfile -t missing < <(missing_packages "${packages[@]}")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || fail "these packages are missing, and installing them needs root or sudo:" \
      "  apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} packages with apt: ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  "${apt[@]}" update || say "apt could not refresh every package list; trying with those that it has"
  "${apt[@]}" install -y --no-install-recommends "${missing[@]}" ||
    fail "apt could not install: ${missing[*]}" \
      "its message is above; without a reachable package mirror these have to be installed another way"
}

# A stamp holds the hash of the list that was installed; it is written last, so a half-done step has none.
list_hash() { sha256sum "$1" | cut -d ' ' -f 1; }
is_current() { [[ -f $2 && $(<"$2") == "$(list_hash "$1")" ]]; }

# Called when pip failed with what it was to install, after pip's own message.
fail_pip() {
  fail "$1" "pip's message above says why; offline, it cannot reach the Python package index." \
    "Connect, or point pip at an index that is reachable (pip.conf or PIP_INDEX_URL), and run this again."
}

install_python_environment() {
  local list=tools/requirements.txt venv="$deps/venv"
  if is_current $list "$venv/.installed" && "$venv/bin/python" -c '' 2>/dev/null; then return 0; fi
  "$python" -c 'import sys; sys.exit(sys.version_info[:2] not in [(3, 11), (3, 12)])' ||
    fail "the Python packages are pinned for Python 3.11 and 3.12; $python is $("$python" --version)"
  say "making the Python environment in .deps/venv ..."
  local clear=()
  "$venv/bin/python" -m pip --version >/dev/null 2>&1 || clear=(--clear)
  "$python" -m venv "${clear[@]}" "$venv" || fail "could not make a Python environment in .deps/venv"
  "$venv/bin/python" -m pip install --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
    -r $list ||
    fail_pip "Python packages of $list are missing from .deps/venv."
  list_hash $list >"$venv/.installed"
}

install_libtorch() {
  local list=tools/libtorch.txt target="$deps/libtorch" partial="$deps/libtorch.partial" version
  if is_current $list "$target/.installed" && [[ -f $target/torch/lib/libtorch_cpu.so ]]; then return 0; fi
  version=$(sed -n 's/^torch==\([^ ]*\).*/\1/p' $list)
  say "downloading LibTorch $version (530 MB, 1.2 GB unpacked) into .deps/libtorch ..."
  rm -rf "$partial"
  mkdir -p "$partial/tmp"
  local platforms=()
  for glibc in 2_28 2_27 2_25 2_17; do platforms+=(--platform "manylinux_${glibc}_x86_64"); done
  # On the file system of the target, because /tmp may be too small.
  TMPDIR="$partial/tmp" "$deps/venv/bin/python" -m pip install --disable-pip-version-check --no-compile --no-deps \
    --require-hashes --only-binary=:all: --implementation cp --python-version 3.11 "${platforms[@]}" \
    --target "$partial/libtorch" -r $list ||
    fail_pip "LibTorch $version is missing from .deps/libtorch."
  list_hash $list >"$partial/libtorch/.installed"
  rm -rf "$target"
  mv "$partial/libtorch" "$target"
  rm -rf "$partial"
}

install_prometheus() {
  local target="$deps/prometheus" partial="$deps/prometheus.partial"
  if [[ -f $target/.installed ]]; then return 0; fi
  say "downloading Prometheus (20 MB, 100 MB unpacked) into .deps/prometheus ..."
  rm -rf "$partial"
  mkdir -p "$partial"
  # apt checks the package against the archive's signature. That needs no root, but lists, and root to renew old ones.
  local download=(apt-get -q -o APT::Sandbox::User="$(id -un)" download prometheus)
  (cd "$partial" && { "${download[@]}" || { [[ $(id -u) == 0 ]] && apt-get -q update && "${download[@]}"; }; }) ||
    fail "apt could not download the package prometheus; its message is above" \
      "it needs a reachable package mirror, and lists that \`apt-get update\` has renewed lately; or put the programs" \
      "prometheus and promtool into .deps/prometheus/usr/bin by hand, touch .deps/prometheus/.installed, and run this again"
  dpkg -x "$partial"/prometheus_*.deb "$partial" || fail "could not unpack the package prometheus"
  rm "$partial"/prometheus_*.deb
  "$partial/usr/bin/promtool" --version >/dev/null 2>&1 || fail "the promtool of the package prometheus does not run here"
  touch "$partial/.installed"
  rm -rf "$target"
  mv "$partial" "$target"
}

for argument in "$@"; do
  case $argument in
    --with-checks) packages+=("${check_packages[@]}") ;;
    --with-fuzzing) packages+=("${fuzzing_packages[@]}") ;;
    --with-bench) packages+=("${bench_packages[@]}") ;;
    --with-deb) packages+=("${deb_packages[@]}") ;;
    --with-image) packages+=("${image_packages[@]}") ;;
    --runtime)
      packages=("${runtime_packages[@]}")
      install_packages
      exit
      ;;
    *) fail "unknown argument $argument (usage: see the head of tools/install_dependencies.sh)" ;;
  esac
done
mkdir -p "$deps"
exec 9>"$deps/.lock"
flock --nonblock 9 || { say "another run is installing; waiting for it ..." && flock 9; }
check_platform
install_packages
install_python_environment
install_libtorch
install_prometheus
say "everything is installed"
