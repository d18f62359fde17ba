#!/usr/bin/env bash
# Builds the Dockerfile without a daemon, as root: with buildah, into a store of its own in build-image/, as the image
# localhost/lqvg-serve:DEVICE. The base image is pulled; where no registry is reachable, a Debian that debootstrap makes
# takes its name. Mirrors, proxies and certificates are those that this machine's apt and pip are configured with: they
# are mounted while the image is built and are no part of it.
# usage: deploy/build-image.sh [--device cpu|cuda] [--ccache DIR]
#   --ccache   mount this directory of ccache's into the build, to make it faster
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly base=docker.io/library/debian:bookworm-slim work="$PWD/build-image"
export BUILDAH_ISOLATION=chroot
buildah() { command buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"; }
say() { echo "image: $*"; }
fail() {
  echo "image: $*" >&2
  exit 2
}

find_base() {
  ! buildah inspect --type image "$base" >/dev/null 2>&1 || return 0
  if timeout 120 command buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs \
      pull --quiet "$base" >/dev/null 2>&1; then
    say "pulled $base"
    return 0
  fi
  say "no registry is reachable: making $base with debootstrap"
  [[ -f $work/debian.tar ]] || deploy/make_debian_root.sh "$work/debian.tar"
  local container
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$work/debian.tar" / >/dev/null
  buildah config --cmd bash "$container"
  buildah commit --quiet --format docker "$container" "$base" >/dev/null
  buildah rm "$container" >/dev/null
}

# Sets `mounts`: this machine's way to packages, for the time of the build.
mount_package_sources() {
  local copy="$work/sources" certificates=/etc/ssl/certs/ca-certificates.crt
  rm -rf "$copy"
  mkdir -p "$copy"
  mounts=()
  if grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; then
    cp -aL /etc/apt "$copy/apt"
    # A mirror may speak TLS, and the base image has no certificates.
    [[ ! -f $certificates ]] || cp -L "$certificates" "$copy/apt/ca.crt"
    [[ ! -f $certificates ]] || echo 'Acquire::https::CaInfo "/etc/apt/ca.crt";' >"$copy/apt/apt.conf.d/99image-build"
    mounts+=(--volume "$copy/apt:/etc/apt:ro")
  fi
  if [[ -d /usr/local/share/ca-certificates ]]; then
    mounts+=(--volume /usr/local/share/ca-certificates:/usr/local/share/ca-certificates:ro)
  fi
  # What pip takes from its files and from the environment.
  { echo '[global]' && /usr/bin/python3 -m pip config list 2>/dev/null |
    sed -n "s/^[^=]*\.\(index-url\|extra-index-url\|trusted-host\|timeout\)='\(.*\)'$/\1 = \2/p"; } >"$copy/pip.conf"
  mounts+=(--volume "$copy/pip.conf:/etc/pip.conf:ro")
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
mkdir -p "$work"
find_base
mount_package_sources
[[ -z $ccache ]] || mounts+=(--volume "$ccache:/root/.cache/ccache")
say "building localhost/lqvg-serve:$device (log: $work/build-$device.log)"
buildah bud --format docker --layers --pull-never "${mounts[@]}" --build-arg "DEVICE=$device" \
  --build-arg "VERSION=$(<VERSION)" \
  --build-arg "REVISION=$(git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null || true)" \
  --tag "localhost/lqvg-serve:$device" . >"$work/build-$device.log" 2>&1 ||
  { tail -n 30 "$work/build-$device.log" >&2; fail "the build failed"; }
