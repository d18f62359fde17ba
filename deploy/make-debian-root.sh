#!/usr/bin/env bash
# Makes the root file system of a minimal Debian 12 as a tar file, with debootstrap, as root: what the tests of the
# image and of the packages start from where no container registry can be reached. Takes the packages from the mirror
# that apt is configured with; what it leaves behind names Debian's own.
# usage: deploy/make-debian-root.sh OUT.tar
set -euo pipefail
readonly out=${1:?usage: deploy/make-debian-root.sh OUT.tar}

mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  awk '$2 == "bookworm" && $3 == "main" {print $1; exit}')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase bookworm "$work/root" "${mirror:-http://deb.debian.org/debian}" >"$work/log" 2>&1 ||
  { tail -n 20 "$work/log" >&2; echo "make-debian-root: debootstrap failed" >&2; exit 1; }
echo "deb http://deb.debian.org/debian bookworm main" >"$work/root/etc/apt/sources.list"
# As the slim images do: no manuals, no translations, now and in what is installed later.
printf 'path-exclude=/usr/share/%s/*\n' man locale info >"$work/root/etc/dpkg/dpkg.cfg.d/slim"
printf '%s\n' 'path-exclude=/usr/share/doc/*' 'path-include=/usr/share/doc/*/copyright' \
  >>"$work/root/etc/dpkg/dpkg.cfg.d/slim"
rm -rf "$work"/root/usr/share/{man,locale,info}/* "$work"/root/var/{cache/apt/archives,lib/apt/lists,log}/* \
  "$work"/root/etc/{resolv.conf,hostname}
find "$work/root/usr/share/doc" -type f ! -name copyright -delete
mkdir -p "$(dirname "$out")"
tar --numeric-owner -C "$work/root" -cf "$out.partial" .
mv "$out.partial" "$out"
