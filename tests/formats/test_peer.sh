#!/usr/bin/env bash
# The reference implementation reads our safetensors files and we read its; skipped where Python does not have it
# (PYTHON=... names another interpreter).
set -u
tests=$FOVEA_SOURCE/tests/formats work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo 1..1
"${PYTHON:-python3}" "$tests/peer_safetensors.py" "$FOVEA_BUILD/tests/formats/test_safetensors" "$work" >"$work/log" 2>&1
case $? in
0) echo "ok 1 - safetensors' own implementation" ;;
77 | 127) echo "ok 1 - safetensors' own implementation # SKIP $(tail -n 1 "$work/log")" ;;
*) sed 's/^/# /' "$work/log" && echo "not ok 1 - safetensors' own implementation" && exit 1 ;;
esac
