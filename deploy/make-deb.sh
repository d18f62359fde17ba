#!/usr/bin/env bash
# Packs build/ into out/lqvg-serve_VERSION_amd64.deb and out/lqvg-client_VERSION_amd64.deb. `make deb` calls it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH
rm -rf build/deb
(cd build && cpack -G DEB -B deb >deb.log) || { tail -n 20 build/deb.log >&2; exit 1; }
mkdir -p out
rm -f out/*.deb
mv build/deb/*.deb out/
ls -l out/*.deb
