#!/usr/bin/env bash
# Runs the examples as their reader would, and looks at what they print: last lines that only working code gives. TAP.
set -u
examples=${FOVEA_BUILD:-build}/examples work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests=0

# STATUS NAME PATTERN COMMAND...: it ends with the status, and its last line matches the pattern.
expect() {
    local status=$1 name=$2 pattern=$3
    shift 3
    tests=$((tests + 1))
    "$@" >"$work/output" 2>&1
    if [[ $? == "$status" && $(tail -n 1 "$work/output") =~ $pattern ]]; then
        echo "ok $tests $name"
    else
        echo "not ok $tests $name"
        sed 's/^/# /' "$work/output"
    fi
}

try() { expect 0 "$@"; }

try train_lenet '^100 test pictures: top-1 [01]\.[0-9]{3}$' "$examples/train_lenet" "$work/model.safetensors"
try own_network '^trained 5202 parameters$' "$examples/own_network"
try own_loop '^step 200: loss 0\.0' "$examples/own_loop"
printf 'P2 4 4 9 1 2 3 4 5 6 7 8 9 8 7 6 5 4 3 2\n' >"$work/picture.pgm"
try predict 'picture\.pgm: (normal|pathologic_myopia) [01]\.[0-9]{3}$' "$examples/predict" "$work/model.safetensors" "$work/picture.pgm"

# The book's last programme takes hours: what it is made of has to be there, up to the first step.
for file in data_batch_{1..5} test_batch; do head -c 30730 /dev/zero >"$work/$file.bin"; done
printf '%s\n' a b c d e f g h i j >"$work/batches.meta.txt"
expect 1 cifar10_resnet50 '^batch size 64: cifar10 has only 50 training images' "$examples/cifar10_resnet50" "$work"
expect 1 'cifar10_resnet50 without data' '/nowhere: no such folder' "$examples/cifar10_resnet50" "$work/nowhere"
code=$(awk '/^}/ { inside = 0 } inside && !/^ *(\/\*.*\*\/)? *$/ { n++ } /^int main\(/ { inside = 1 } END { print n }' \
    "$(dirname "$0")/../../examples/cifar10_resnet50.c")
tests=$((tests + 1))
if ((code > 0 && code <= 14)); then echo "ok $tests $code lines of code"; else echo "not ok $tests $code lines of code in main"; fi

lines=$(wc -l "$(dirname "$0")"/../../examples/*.c | awk '$2 != "total" && $1 > 40 { print $2 }')
tests=$((tests + 1))
if [[ $lines ]]; then echo "not ok $tests at most 40 lines: $lines"; else echo "ok $tests at most 40 lines each"; fi
echo "1..$tests"
