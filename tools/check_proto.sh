#!/usr/bin/env bash
# Checks the contract: its style, and that no client of version 1 breaks (buf.yaml says by which rules).
# usage: tools/check_proto.sh [--update] [--allow-missing-buf]
#   --update             after a compatible change: take it over into proto/lqvg_v1.binpb, which later ones must respect
#   --allow-missing-buf  succeed, with a warning, where buf is neither installed nor can be
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly version=1.75.0 sha256=fad1e38d6909bbb583a4da81d8c02a01046e2cd663bde7e337dd24277393764b
readonly installed="$PWD/.deps/buf-$version"
readonly baseline=proto/lqvg_v1.binpb

update=0 allow_missing=0
for argument in "$@"; do
  case $argument in
    --update) update=1 ;;
    --allow-missing-buf) allow_missing=1 ;;
    *) echo "usage: tools/check_proto.sh [--update] [--allow-missing-buf]" >&2; exit 2 ;;
  esac
done

fail() {
  printf 'contract: %s\n' "$@" >&2
  exit 1
}

without_buf() {
  if [[ $allow_missing == 1 ]]; then
    echo "contract: NOT CHECKED: buf $version is missing, $1" >&2
    exit 0
  fi
  fail "buf $version is missing, $1." \
    "Install it as 'buf' on PATH, or npm, which this script installs it with; or give --allow-missing-buf."
}

# The package of one platform, because it runs no scripts when it is installed.
install_buf() {
  [[ $(uname -sm) == "Linux x86_64" ]] || without_buf "and is pinned for Linux on x86_64 only"
  command -v npm >/dev/null || without_buf "and there is no npm to install it with"
  npm install --prefix "$installed.partial" --no-audit --no-fund --no-save --ignore-scripts --loglevel=error \
    "@bufbuild/buf-linux-x64@$version" >&2 || without_buf "and npm could not install it (see above)"
  local binary="$installed.partial/node_modules/@bufbuild/buf-linux-x64/bin/buf"
  echo "$sha256  $binary" | sha256sum --check --quiet || fail "npm brought a buf $version of another checksum"
  mv "$binary" "$installed"
  rm -rf "$installed.partial"
}

if [[ -x $installed ]]; then
  buf=$installed
elif [[ $(buf --version 2>/dev/null) == "$version" ]]; then
  buf=buf
else
  mkdir -p .deps
  install_buf
  buf=$installed
fi

"$buf" lint || fail "the lines above offend against the style (buf.yaml)"
"$buf" breaking --against $baseline || fail "the lines above would break clients of version 1"

current=$(mktemp)
trap 'rm -f "$current"' EXIT
"$buf" build --path proto/lqvg --as-file-descriptor-set --exclude-source-info --output "$current#format=binpb"
if [[ $update == 1 ]]; then
  cat "$current" >$baseline
elif ! cmp --silent "$current" $baseline; then
  fail "the contract has grown: \`tools/check_proto.sh --update\` takes the change over into $baseline"
fi
echo "contract: style and compatibility are as they should be"
