#!/bin/bash
# The part of deploy/test-deb.sh that runs inside the container, under its systemd. Prints one line for each check.
set -u
readonly unit=lqvg-serve.service settings=/etc/default/lqvg-serve

# check WHAT COMMAND...: says whether the command succeeds, and what it printed if not.
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then echo "ok   $what"; else echo "FAIL $what: $output"; fi
}
property() { systemctl show --property="$1" --value "$unit"; }
equals() { [[ $1 == "$2" ]] || { echo "'$1' instead of '$2'"; return 1; }; }
await() {
  for _ in {1..300}; do "$@" >/dev/null 2>&1 && return; sleep 0.1; done
  echo "not within 30 s: $*"
  return 1
}

of_process() { awk -v name="$1:" '$1 == name {print $2}' "/proc/$(property MainPID)/status"; }
is_confined() {
  equals "$(of_process NoNewPrivs)" 1 && equals "$(of_process Seccomp)" 2 &&
    equals "$(of_process CapBnd)" 0000000000000000 && [[ $(of_process Uid) -ge 61184 ]]
}
listens_on_loopback_alone() {
  local open
  open=$(awk '$4 == "0A" {print $2}' /proc/net/tcp /proc/net/tcp6 | sort | tr '\n' ' ')
  # 127.0.0.1, as IPv6 writes it with port 50051, and with port 9464.
  equals "$open" "0000000000000000FFFF00000100007F:C383 0100007F:24F8 "
}
has_failed() { equals "$(property ActiveState)" failed; }
ended_for_wrong_configuration() { equals "$(property ExecMainStatus) $(property NRestarts)" "2 0"; }
leaves_nothing() {
  local left
  left=$(find / -xdev -iname '*lqvg*' -not -path '/root/*' -not -path '/proc/*' -not -path '/var/lib/apt/*')
  equals "$left" ""
}

check "the service is not enabled by being installed" equals "$(systemctl is-enabled $unit)" disabled
check "the service is not started by being installed" equals "$(property ActiveState)" inactive
check "systemd finds no fault in the unit" equals "$(systemd-analyze verify --man=no $unit 2>&1)" ""
check "systemd calls the unit well confined (exposure at most 2.0 of 10)" systemd-analyze security --threshold=20 $unit
check "the settings are a configuration file of the package" \
  grep -q "$settings" <(dpkg-query --show --showformat='${Conffiles}' lqvg-serve)
check "the server finds its demo model from anywhere, as anyone" \
  setpriv --reuid=nobody --clear-groups --no-new-privs env --chdir=/ lqvg-server --check

systemctl --quiet enable --now $unit
check "the service becomes ready" await lqvg health
check "the service runs without privileges, under a filter of system calls" is_confined
check "the service listens on the loopback interface alone" listens_on_loopback_alone
check "the client grounds an expression in a picture" lqvg ground /root/scene.png "the red ship"
check "the service can be told to reload" systemctl reload $unit
check "the service goes on after that" lqvg health
check "the service stops" systemctl stop $unit
check "the service has stopped as asked" equals "$(property Result) $(property ExecMainStatus)" "success 0"

echo LQVG_LISTEN=nonsense >>$settings
systemctl start $unit
check "a wrong configuration ends the service" await has_failed
check "and is not tried again" ended_for_wrong_configuration
sed -i '$d' $settings
systemctl start $unit
check "the service starts again" await lqvg health

check "the packages can be removed" dpkg --remove lqvg-serve lqvg-client
check "removing the package stopped the service" equals "$(property ActiveState)" inactive
check "removing the package left its settings" test -f $settings
check "the packages can be purged" dpkg --purge lqvg-serve lqvg-client
check "nothing is left" leaves_nothing
