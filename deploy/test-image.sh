#!/usr/bin/env bash
# Builds the image of the CPU without a daemon (deploy/build-image.sh), and checks what it promises, at rest and running
# as a container (deploy/check_image.py): as root, in a network of its own. `make image-test` calls it.
# usage: deploy/test-image.sh [--no-build] [--ccache DIR]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly work="$PWD/build-image" image=localhost/lqvg-serve:cpu
readonly buildah=(buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs)

build=true arguments=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --no-build) build=false ;;
    --ccache) arguments+=(--ccache "${2:?}") && shift ;;
    *) echo "usage: deploy/test-image.sh [--no-build] [--ccache DIR]" >&2 && exit 2 ;;
  esac
  shift
done
[[ $build == false ]] || deploy/build-image.sh "${arguments[@]}"

container=$("${buildah[@]}" from --pull-never "$image")
trap '"${buildah[@]}" umount "$container" >/dev/null; "${buildah[@]}" rm "$container" >/dev/null' EXIT
root=$("${buildah[@]}" mount "$container")
"${buildah[@]}" inspect --type image "$image" >"$work/image.json"
# Loopback alone: the container's ports are the image's, and are taken nowhere else. And crun refuses a machine that has
# both versions of control groups mounted.
unshare --net --mount bash -c 'ip link set lo up && mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
  exec /usr/bin/python3 deploy/check_image.py "$@"' check "$root" "$work/image.json"
