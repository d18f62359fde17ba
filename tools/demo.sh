#!/usr/bin/env bash
# The demo: starts the built server on the model of models/demo, grounds expressions in a picture through the Ground
# RPC, draws the boxes into out/demo.png, and stops the server. `make demo` calls it.
# usage: tools/demo.sh [IMAGE EXPRESSION...]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly server=build/bin/lqvg-server lqvg=build/bin/lqvg model=models/demo drawing=out/demo.png
readonly log=out/demo-server.log
[[ $# -gt 0 ]] || set -- docs/demo/scene.png \
  "the building on the upper left" "the white building right of the ground track field" \
  "the blue building on the far left" "the red vehicle" "the red tennis court"

fail() {
  printf 'demo: %s\n' "$@" >&2
  [[ ! -s $log ]] || { echo "demo: the server's last lines ($log):" >&2; tail -n 20 "$log" >&2; }
  exit 1
}

server_pid=
stop_server_on_exit() {
  [[ -z $server_pid ]] || { kill -KILL "$server_pid" 2>/dev/null || true; wait "$server_pid" 2>/dev/null || true; }
}
trap stop_server_on_exit EXIT

start_server() {
  "$server" --model="$model" --listen=127.0.0.1:0 --metrics-listen=127.0.0.1:0 --drain-delay=0s >"$log" 2>&1 &
  server_pid=$!
}

# Prints where the server listens, once it has said so: "ready: ..., grpc ADDRESS, metrics ADDRESS, ...".
find_address() { sed -n 's/.*ready: .*grpc \([^ ,]*\),.*/\1/p' "$log" | head -n 1; }

# Sets `address` once the server says that it is ready; a minute is far more than the demo's model takes to load.
wait_until_serving() {
  local give_up=$((SECONDS + 60))
  while ((SECONDS < give_up)); do
    kill -0 "$server_pid" 2>/dev/null || fail "the server ended before it was ready"
    address=$(find_address)
    if [[ -n $address ]] && "$lqvg" health --server "$address" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  fail "the server was not ready within 60 s"
}

[[ -x $server && -x $lqvg ]] || fail "$server and $lqvg are not built: make build"
mkdir -p out
: >"$log"
echo "demo: starting $server on $model ..."
start_server
wait_until_serving
echo "demo: serving on $address; asking for$(printf ' "%s"' "${@:2}")"
"$lqvg" ground "$@" --server "$address" --draw "$drawing" || fail "lqvg ground failed with exit code $?"

kill -TERM "$server_pid"
code=0
wait "$server_pid" || code=$?
server_pid=
[[ $code == 0 ]] || fail "the server ended with exit code $code after SIGTERM; 0 was expected"

echo "demo: the picture with the boxes is $drawing; the server has stopped"
if grep -Eq '"made_up_weights": *true' "$model/config.json"; then
  echo "demo: NOTE: the weights of $model are made up, never trained: the boxes show that the way through the server" \
    "works, not that the model finds anything"
fi
