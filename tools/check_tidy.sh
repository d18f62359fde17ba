#!/usr/bin/env bash
# Runs clang-tidy, with the checks of .clang-tidy as errors, over the sources that a configured build tree compiles.
# usage: tools/check_tidy.sh BUILD_DIR [--changed]
#   --changed   only sources that differ from main, or whose header of the same name does
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly clang_tidy=clang-tidy-14
readonly build=${1:?usage: tools/check_tidy.sh BUILD_DIR [--changed]}
command -v $clang_tidy >/dev/null ||
  { echo "$clang_tidy is not installed: tools/install_dependencies.sh --with-checks" >&2; exit 1; }
[[ -f $build/compile_commands.json ]] || { echo "$build is not configured: make build" >&2; exit 1; }

# Our sources in the compilation database: not what protoc wrote below the build tree.
mapfile -t files < <(sed -n "s|^ *\"file\": \"$PWD/\(.*\)\",\?$|\1|p" "$build/compile_commands.json" |
  grep -v "^${build%/}/" | sort -u)

if [[ ${2:-} == --changed ]]; then
  base=$(git merge-base HEAD main)
  stems=$({ git diff --name-only "$base"; git ls-files --others --exclude-standard; } |
    sed -n 's/\.\(h\|cc\)$//p' | sort -u)
  mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -xF -f <(sed 's/$/.cc/' <<<"$stems") || true)
fi
[[ ${#files[@]} -gt 0 ]] || { echo "tidy: nothing to check"; exit 0; }

echo "tidy: ${#files[@]} files, $(nproc) at a time ..."
# -Wno-unknown-warning-option: the flags are g++'s. -fno-openmp: so is omp.h, which clang does not see. 2>/dev/null: only counts of suppressed warnings go there.
printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -c '
  echo "tidy: $2" >&2
  "$0" -p "$1" --quiet --extra-arg=-Wno-unknown-warning-option --extra-arg=-fno-openmp "$2" 2>/dev/null
' $clang_tidy "$build"
echo "tidy: no findings"
