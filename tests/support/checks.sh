# For tests in shell, which source it and end with "1..$tests": a line of TAP for each check. What a check writes goes to $work/log, a
# folder of the test's own, and is shown where it fails.
tests=0
check() { # NAME CONDITION...
    tests=$((tests + 1))
    if "${@:2}" >>"$work/log" 2>&1; then echo "ok $tests $1"; else echo "not ok $tests $1"; sed 's/^/# /' "$work/log"; fi
}
