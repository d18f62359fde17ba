#!/usr/bin/env bash
# Installs out/*.deb into a fresh, minimal Debian, uses them, and removes them: as root, in a container of
# systemd-nspawn whose first process is systemd, so that the unit runs as it will. `make deb` calls it.
# usage: deploy/test-deb.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly work="$PWD/build-image"
say() { echo "deb: $*"; }
fail() {
  echo "deb: FAIL $*" >&2
  exit 1
}
[[ $(id -u) == 0 ]] || fail "needs root, to make and enter another root"

# What stays: there is no maintainer with an address, and no bug at Debian that a first version would close.
lintian --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog,initial-upload-closes-no-bugs \
  --fail-on error,warning out/*.deb || fail "lintian complains"
say "ok   lintian is content"

[[ -f $work/debian.tar ]] || deploy/make-debian-root.sh "$work/debian.tar"
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
tar -C "$root" -xf "$work/debian.tar"
# This machine's way to packages, where it is the same Debian.
if grep -q '^VERSION_CODENAME=bookworm' /etc/os-release; then
  rm -rf "$root/etc/apt"
  cp -aL /etc/apt "$root/etc/apt"
fi
[[ ! -e /etc/resolv.conf ]] || cp -L /etc/resolv.conf "$root/etc/"
cp out/*.deb docs/demo/scene.png deploy/test-deb-inside.sh "$root/root/"

install_inside='export DEBIAN_FRONTEND=noninteractive &&
  apt-get -q update && apt-get -q -y --no-install-recommends install systemd-sysv &&
  apt-get -q -y --no-install-recommends install /root/*.deb'
chroot "$root" sh -c "$install_inside" >"$work/deb-install.log" 2>&1 ||
  { tail -n 30 "$work/deb-install.log" >&2; fail "apt could not install the packages"; }
say "ok   apt installs the packages with what they depend on"

cat >"$root/etc/systemd/system/test.service" <<'UNIT'
[Service]
Type=oneshot
ExecStart=/bin/bash -c '/bin/bash /root/test-deb-inside.sh >/root/result 2>&1; systemctl poweroff'
[Install]
WantedBy=multi-user.target
UNIT
chroot "$root" systemctl --quiet enable test.service
timeout 300 systemd-nspawn --quiet --directory="$root" --boot --register=no --keep-unit --private-network \
  >"$work/deb-boot.log" 2>&1 </dev/null || true
[[ -s $root/root/result ]] || { tail -n 30 "$work/deb-boot.log" >&2; fail "the container did not come to the test"; }
sed 's/^/deb: /' "$root/root/result"
[[ $(tail -n 1 "$root/root/result") == "ok   nothing is left"* ]] || fail "the test did not come to its end"
! grep -q '^FAIL' "$root/root/result" || fail "see above"
say "every check passed"
