#!/usr/bin/env bash
# Runs the fuzz targets of tests/fuzz one after the other, each for a while, from the committed files and from what
# earlier runs here have found (build-fuzz/corpus). Prints a line for each, and the command that repeats what broke.
# usage: tools/run_fuzzers.sh SECONDS [TARGET...]    fuzz for SECONDS each
#        tools/run_fuzzers.sh --merge [TARGET...]    make the committed corpus anew: the least that covers as much
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly usage="usage: tools/run_fuzzers.sh SECONDS|--merge [TARGET...]"
readonly seconds=${1:?$usage}
shift
[[ $seconds == --merge || $seconds =~ ^[1-9][0-9]*$ ]] || { echo "$usage" >&2; exit 2; }
readonly corpora=tests/fuzz/corpus cases=tests/fuzz/cases found=build-fuzz/corpus crashes=build-fuzz/crashes logs=build-fuzz/logs
# 5 s for an input is a hang. Memory is what one picture or one header may take, and what the sanitizer adds.
readonly limits=(-timeout=5 -rss_limit_mb=2048)

targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for source in tests/fuzz/*_fuzz.cc; do targets+=("$(basename "$source" _fuzz.cc)"); done
fi

# Room for what is interesting, no more: long inputs are slow ones.
max_len() {
  case $1 in
    tokenizer) echo 512 ;;
    config) echo 1024 ;;
    architecture | safetensors) echo 2048 ;;
    *) echo 4096 ;;  # whole pictures
  esac
}

dictionary() {
  case $1 in
    decode | scan_header) echo tests/fuzz/dictionaries/pictures.dict ;;
    *) echo "tests/fuzz/dictionaries/$1.dict" ;;
  esac
}

# Where the made-up scenes say something of the kind that a target reads: a folder of inputs to begin from. Their
# pictures are longer than any input may be.
scene_inputs() {
  [[ $1 == tokenizer ]] || return 0
  local folder=build-fuzz/scenes/$1
  rm -rf "$folder"
  mkdir -p "$folder"
  build-fuzz/bin/lqvg-scenes --seed 1 --count 50 --expressions "$folder.txt" >/dev/null || return 1
  split --lines=1 --suffix-length=3 --numeric-suffixes "$folder.txt" "$folder/"
  echo "$folder"
}

fuzz() {
  local scenes
  scenes=$(scene_inputs "$1") || { echo "$1: no scenes to begin from"; return 1; }
  local target=$1 log=$logs/$1.log status=0
  mkdir -p "$found/$target" "$crashes/$target" "$logs"
  build-fuzz/bin/"${target}"_fuzz "${limits[@]}" -max_len="$(max_len "$target")" -dict="$(dictionary "$target")" \
    -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$crashes/$target/" "$found/$target" "$corpora/$target" "$cases/$target" ${scenes:+"$scenes"} >"$log" 2>&1 || status=$?
  printf '%-13s %11s execs  %6s edges covered  %5s inputs new here' "$target" \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
    "$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -1)" \
    "$(sed -n 's/^stat::new_units_added: *//p' "$log")"
  if [[ $status -eq 0 ]]; then echo; return 0; fi
  local file
  file=$(sed -n 's/.*Test unit written to //p' "$log" | tail -1)
  echo "  FAILED, see $log"
  echo "    again: build-fuzz/bin/${target}_fuzz ${limits[*]} ${file:-$corpora/$target/*}"
  return 1
}

# Edges alone (-use_counters=0): how often each is taken helps to find new ones, and keeps three times the files.
merge() {
  local target=$1 fresh=build-fuzz/merged/$1
  rm -rf "$fresh"
  mkdir -p "$fresh" "$found/$target" "$corpora/$target" "$crashes/$target" "$logs"
  build-fuzz/bin/"${target}"_fuzz "${limits[@]}" -max_len="$(max_len "$target")" -merge=1 -use_counters=0 \
    -artifact_prefix="$crashes/$target/" \
    "$fresh" "$corpora/$target" "$cases/$target" "$found/$target" >"$logs/$target.merge.log" 2>&1 ||
    { echo "$target: FAILED, see $logs/$target.merge.log"; return 1; }
  rm -rf "${corpora:?}/$target"
  mv "$fresh" "$corpora/$target"
  echo "$target: $(find "$corpora/$target" -type f | wc -l) files, $(du -sb "$corpora/$target" | cut -f 1) bytes"
}

failed=0
for target in "${targets[@]}"; do
  [[ -x build-fuzz/bin/${target}_fuzz ]] || { echo "there is no fuzz target $target" >&2; exit 2; }
  if [[ $seconds == --merge ]]; then merge "$target"; else fuzz "$target"; fi || failed=1
done
exit $failed
