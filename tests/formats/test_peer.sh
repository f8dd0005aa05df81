#!/usr/bin/env bash
# What others write we read, and they what we write: safetensors' own implementation, and torchvision's weights. Skipped
# where Python does not have them (PYTHON=... names another interpreter).
set -u
tests=$FOVEA_SOURCE/tests/formats work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0 failed=0

# peer NAME SCRIPT TEST
peer() {
    number=$((number + 1))
    mkdir "$work/$number"
    "${PYTHON:-python3}" "$tests/$2" "$FOVEA_BUILD/tests/formats/$3" "$work/$number" >"$work/log" 2>&1
    case $? in
    0) echo "ok $number - $1" ;;
    77 | 127) echo "ok $number - $1 # SKIP $(tail -n 1 "$work/log")" ;;
    *) sed 's/^/# /' "$work/log" && echo "not ok $number - $1" && failed=1 ;;
    esac
}

echo 1..2
peer "safetensors' own implementation" peer_safetensors.py test_safetensors
peer "torchvision's weights" peer_torchvision.py test_pretrained
exit $failed
