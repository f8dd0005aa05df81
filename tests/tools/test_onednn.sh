#!/usr/bin/env bash
# Which oneDNN CMake takes: the one pointed to, said with its version; and a version that Fovea does not know, refused.
set -u
cd "$(dirname "$0")/../.." || exit 1

work=${TMPDIR:-/tmp}/onednn.$$
mkdir -p "$work/onednn/include/oneapi/dnnl" "$work/onednn/lib"
touch "$work/onednn/lib/libdnnl.so"
trap 'rm -rf "$work"' EXIT
tests=0
check() { # NAME COMMAND...
    tests=$((tests + 1))
    if "${@:2}" >"$work/log" 2>&1; then echo "ok $tests $1"; else echo "not ok $tests $1"; sed 's/^/# /' "$work/log"; fi
}

# configure MAJOR MINOR PATCH, of the oneDNN that lies there.
configure() {
    printf '#define DNNL_VERSION_%s %s\n' MAJOR "$1" MINOR "$2" PATCH "$3" >"$work/onednn/include/oneapi/dnnl/dnnl_version.h"
    cmake -S . -B "$work/build" -DFOVEA_TESTS=OFF -DCMAKE_PREFIX_PATH="$work/onednn" 2>&1
}
takes() { configure "$@" | tee /dev/stderr | grep -qF -- "-- oneDNN $1.$2.$3: $work/onednn/lib/libdnnl.so"; }
refuses() {
    ! configure "$@" >"$work/said" && cat "$work/said" &&
        tr -s ' \n' ' ' <"$work/said" | grep -qF "oneDNN $1.$2.$3 in $work/onednn/include: must be 2.x or 3.x;"
}

check 'one of 3.x' takes 3 10 1
check 'one of 2.x' takes 2 7 5
check 'not one of 4.x' refuses 4 0 0
check 'not one of 30.x' refuses 30 1 0
echo "1..$tests"
