#!/usr/bin/env bash
# Runs the examples as their reader would, and looks at what they print: last lines that only working code gives. TAP.
set -u
examples=${FOVEA_BUILD:-build}/examples work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0

# NAME PATTERN COMMAND...: it succeeds, and its last line matches the pattern.
try() {
    local name=$1 pattern=$2
    shift 2
    tests=$((tests + 1))
    if "$@" >"$work/output" 2>&1 && [[ $(tail -n 1 "$work/output") =~ $pattern ]]; then
        echo "ok $tests $name"
    else
        echo "not ok $tests $name"
        sed 's/^/# /' "$work/output"
    fi
}

try train_lenet '^100 test pictures: top-1 [01]\.[0-9]{3}$' "$examples/train_lenet" "$work/model.safetensors"
try own_network '^trained 5202 parameters$' "$examples/own_network"
try own_loop '^step 200: loss 0\.0' "$examples/own_loop"
printf 'P2 4 4 9 1 2 3 4 5 6 7 8 9 8 7 6 5 4 3 2\n' >"$work/picture.pgm"
try predict 'picture\.pgm: (normal|pathologic_myopia) [01]\.[0-9]{3}$' "$examples/predict" "$work/model.safetensors" "$work/picture.pgm"

lines=$(wc -l "$(dirname "$0")"/../../examples/*.c | awk '$2 != "total" && $1 > 40 { print $2 }')
tests=$((tests + 1))
if [[ $lines ]]; then echo "not ok $tests at most 40 lines: $lines"; else echo "ok $tests at most 40 lines each"; fi
echo "1..$tests"
