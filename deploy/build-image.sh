#!/usr/bin/env bash
# Builds the Dockerfile without a daemon, as root: with buildah, into a store of its own in build-image/, as the image
# localhost/lqvg-serve:DEVICE. The base image is pulled; where no registry is reachable, a Debian that debootstrap makes
# takes its name. Mirrors, proxies and certificates are those that this machine's apt and pip are configured with: they
# are mounted while the image is built and are no part of it.
# usage: deploy/build-image.sh [--device cpu|cuda] [--ccache DIR]
#   --ccache   use this directory of ccache's, to make the build faster (default: one in build-image/)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly base=docker.io/library/debian:bookworm-slim work="$PWD/build-image"
export BUILDAH_ISOLATION=chroot
readonly buildah=(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs)
say() { echo "image: $*"; }
fail() {
  echo "image: $*" >&2
  exit 2
}

find_base() {
  ! "${buildah[@]}" inspect --type image "$base" >/dev/null 2>&1 || return 0
  if timeout 120 "${buildah[@]}" pull --quiet "$base" >/dev/null 2>&1; then
    say "pulled $base"
    return 0
  fi
  say "no registry is reachable: making $base with debootstrap"
  [[ -f $work/debian.tar ]] || deploy/make-debian-root.sh "$work/debian.tar"
  local container
  container=$("${buildah[@]}" from scratch)
  "${buildah[@]}" add --quiet "$container" "$work/debian.tar" / >/dev/null
  "${buildah[@]}" config --cmd bash "$container"
  "${buildah[@]}" commit --quiet --format docker "$container" "$base" >/dev/null
  "${buildah[@]}" rm "$container" >/dev/null
}

# Sets `sources`: this machine's way to packages, for the time of the build.
find_package_sources() {
  local copy="$work/sources" certificates=/etc/ssl/certs/ca-certificates.crt
  rm -rf "$copy"
  mkdir -p "$copy"
  sources=()
  if grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; then
    cp -aL /etc/apt "$copy/apt"
    # A mirror may speak TLS, and the base image has no certificates.
    if [[ -f $certificates ]]; then
      cp -L "$certificates" "$copy/apt/ca.crt"
      echo 'Acquire::https::CaInfo "/etc/apt/ca.crt";' >"$copy/apt/apt.conf.d/99image-build"
    fi
    sources+=(--volume "$copy/apt:/etc/apt:ro")
  fi
  cat /usr/local/share/ca-certificates/*.crt >"$copy/ca.crt" 2>/dev/null || true
  [[ ! -s $copy/ca.crt ]] || sources+=(--secret "id=ca.crt,src=$copy/ca.crt")
  # What pip takes from its files and from the environment.
  { echo '[global]' && /usr/bin/python3 -m pip config list 2>/dev/null |
    sed -n "s/^[^=]*\.\(index-url\|extra-index-url\|trusted-host\|timeout\)='\(.*\)'$/\1 = \2/p"; } >"$copy/pip.conf"
  sources+=(--secret "id=pip.conf,src=$copy/pip.conf")
}

device=cpu ccache=
while [[ $# -gt 0 ]]; do
  case $1 in
    --device) device=${2:?} ;;
    --ccache) ccache=${2:?} ;;
    *) fail "unknown argument $1 (usage: deploy/build-image.sh [--device cpu|cuda] [--ccache DIR])" ;;
  esac
  shift 2
done
[[ $(id -u) == 0 ]] || fail "needs root, to mount and to change roots"
type -P buildah >/dev/null || fail "buildah is not installed: tools/install_dependencies.sh --with-image"
mkdir -p "$work"
find_base
find_package_sources
# Where buildah keeps what Dockerfiles mount as caches.
export TMPDIR="$work/tmp"
mkdir -p "$TMPDIR/buildah-cache"
[[ -z $ccache ]] || ln -sfnT "$ccache" "$TMPDIR/buildah-cache/lqvg-ccache"
say "building localhost/lqvg-serve:$device (log: $work/build-$device.log)"
# Not --layers: with this storage each step would be a copy of everything before it.
"${buildah[@]}" bud --format docker --pull-never "${sources[@]}" --build-arg "DEVICE=$device" \
  --build-arg "VERSION=$(<VERSION)" \
  --build-arg "REVISION=$(git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || true)" \
  --tag "localhost/lqvg-serve:$device" . >"$work/build-$device.log" 2>&1 ||
  { tail -n 30 "$work/build-$device.log" >&2; fail "the build failed"; }
