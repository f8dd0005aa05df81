#!/usr/bin/env bash
# torchvision's modules read our files, and we read theirs; skipped where Python has no torchvision (PYTHON=... names another
# interpreter).
set -u
tests=$FOVEA_SOURCE/tests/models work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo 1..1
"${PYTHON:-python3}" "$tests/peer_torchvision.py" "$FOVEA_BUILD/tests/models/test_torchvision" "$work" >"$work/log" 2>&1
case $? in
0) echo "ok 1 - weights to torchvision and back" ;;
77 | 127) echo "ok 1 - weights to torchvision and back # SKIP $(tail -n 1 "$work/log")" ;;
*) sed 's/^/# /' "$work/log" && echo "not ok 1 - weights to torchvision and back" && exit 1 ;;
esac
