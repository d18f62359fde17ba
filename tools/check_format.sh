#!/usr/bin/env bash
# Checks that every C++ source is formatted as .clang-format says; with --fix, formats them in place.
# usage: tools/check_format.sh [--fix]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly clang_format=clang-format-14  # one version everywhere: versions differ in what they do with the same file
command -v $clang_format >/dev/null ||
  { echo "$clang_format is not installed: tools/install_dependencies.sh --with-checks" >&2; exit 1; }

folders=()
for folder in image manual model server client train tests bench; do [[ ! -d $folder ]] || folders+=("$folder"); done
mapfile -t files < <(find "${folders[@]}" -name '*.h' -o -name '*.cc' -o -name '*.cu' | sort)

case ${1:-} in
  --fix) $clang_format -i "${files[@]}" ;;
  "")
    # The place of the first difference in each file that has one.
    differing=$($clang_format --dry-run --Werror --ferror-limit=1 "${files[@]}" 2>&1 |
      sed -n 's/^\([^: ]*:[0-9]*\):.*code should be clang-formatted.*/\1/p') || true
    if [[ -n $differing ]]; then
      printf '%s: is not formatted\n' $differing
      echo "format: $(wc -l <<<"$differing") of ${#files[@]} files differ; \`make fmt\` formats them" >&2
      exit 1
    fi ;;
  *) echo "usage: tools/check_format.sh [--fix]" >&2; exit 2 ;;
esac
echo "format: ${#files[@]} files"
