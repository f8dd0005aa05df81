#!/usr/bin/env bash
# SIGKILL at random moments, also in the middle of an epoch, then `fovea train --resume`: the run ends with the bits of one that
# nobody disturbed. At least 50 kills (500 with --full). Without tools/run-tests: FOVEA=build/fovea tests/train/test_kill.sh
set -u
cd "$(dirname "$0")/../.." || exit 1

fovea=$(realpath "${FOVEA:-build/fovea}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kills=0 wanted=50 tests=0
[[ ${FOVEA_TEST_FULL-} ]] && wanted=500
RANDOM=$$

report() { echo "$1 $((++tests)) - $2"; }
# Commands as arrays, so that what is killed is the program itself, not a shell around it.
start=("$fovea" train lenet --data synthetic:fundus,count=160,size=28 --val "synthetic:fundus,split=val,count=20" --epochs 6
    --batch-size 16 --save-every 3 --threads 1 --seed 5 --checkpoint-every 3 --log-csv "$work/log.csv" --log-json "$work/log.jsonl"
    --tensorboard "$work/board" --report --out)
resume=("$fovea" train --resume)

# The tensors of a safetensors file, without the header, which tells the time.
tensors() {
    local header
    header=$(od -An -t u8 -N 8 "$1")
    tail -c +$((9 + header)) "$1" | sha256sum
}
metrics() { sed -E 's/"(seconds|images_per_second)":[0-9.]+,?//g' "$1"; }
epochs() { cut -d, -f 1 "$1" | paste -sd " "; }
same() {
    local file
    for file in state last best epoch-0003 epoch-0006; do
        [[ $(tensors "$1/$file.safetensors") == "$(tensors "$2/$file.safetensors")" ]] || return 1
    done
    [[ $(metrics "$1/metrics.jsonl") == "$(metrics "$2/metrics.jsonl")" ]] || return 1
    cmp -s "$2/metrics.jsonl" "$work/log.jsonl" && [[ $(epochs "$work/log.csv") == "epoch 1 2 3 4 5 6" ]]
}

begin=${EPOCHREALTIME/./}
"${start[@]}" "$work/whole" 2>/dev/null || { report 'not ok' 'an undisturbed run' && echo "1..1" && exit; }
whole=$((${EPOCHREALTIME/./} - begin)) # microseconds

# Runs a command and kills it somewhere within twice an undisturbed run's time, unless it has ended.
disturb() {
    "$@" 2>/dev/null &
    local pid=$! after=$((RANDOM * 32768 + RANDOM))
    sleep "$(printf '0.%06d' $((after % (whole < 400000 ? whole : 400000))))"
    kill -KILL $pid 2>/dev/null && kills=$((kills + 1))
    wait $pid 2>/dev/null
}
runs=0 different=0
while ((kills < wanted && runs < 10 * wanted)); do
    run=$work/run
    rm -rf "$run"
    disturb "${start[@]}" "$run"
    for ((i = 0; i < 4; i++)); do [[ ! -e $run/state.safetensors ]] || disturb "${resume[@]}" "$run"; done
    "${resume[@]}" "$run" 2>/dev/null || "${start[@]}" "$run" --overwrite 2>/dev/null # killed before the first state
    same "$work/whole" "$run" || different=$((different + 1))
    runs=$((runs + 1))
done
if ((different == 0)); then report ok "$kills kills in $runs runs: the same bits"; else report 'not ok' "$different of $runs runs differ"; fi
if ((kills >= wanted)); then report ok "$wanted kills"; else report 'not ok' "only $kills kills of $wanted"; fi
echo "1..$tests"
