#!/usr/bin/env bash
# Runs the transcripts tests/cli/*.txt. Indented by two spaces stand a command and what it is to print, standard error
# included, and at the end its exit status in brackets where it is not 0; all else is comment:
#
#     $ fovea train lenet --batch-size 0
#     fovea: --batch-size 0: must be from 1 to 65536
#     [2]
#
# The commands of a transcript run in one empty folder, in order, as bash. REWRITE=1 tests/cli/test_cli.sh puts what they print now
# into the transcripts, for `git diff` to judge. Without tools/run-tests: FOVEA=build/fovea tests/cli/test_cli.sh [PATTERN]
set -u
cd "$(dirname "$0")/../.." || exit 1

FOVEA_SOURCE=$PWD FOVEA=$(realpath "${FOVEA:-build/fovea}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
ln -s "$FOVEA" "$work/bin/fovea"
PATH=$work/bin:$PATH
export FOVEA_SOURCE PATH LC_ALL=C NO_COLOR=1
tests=0

# Prints the block of a command: itself, its output, its status.
run() {
    local status
    (eval "$1") </dev/null >"$work/output" 2>&1
    status=$?
    printf '  $ %s\n' "$1"
    sed "s|$FOVEA_SOURCE|SOURCE|g; s/^/  /; s/^ *$//" "$work/output"
    ((status == 0)) || echo "  [$status]"
}

# Ends the block in "$work/expected": runs its command and compares.
check() {
    local name=$1 command=$2
    [[ $command ]] || return
    run "$command" >"$work/actual"
    cat "$work/actual" >>"$work/transcript"
    tests=$((tests + 1))
    if diff -u --label expected --label actual "$work/expected" "$work/actual" >"$work/diff" || [[ ${REWRITE-} ]]; then
        echo "ok $tests $name: $command"
    else
        echo "not ok $tests $name: $command"
        sed 's/^/# /' "$work/diff"
    fi
}

# Blank lines belong to the comment that follows, or to the output they stand in.
transcript() {
    local file=$1 name command='' blank='' line
    name=$(basename "$file" .txt)
    : >"$work/transcript"
    mkdir "$work/$name" && pushd "$work/$name" >/dev/null || return
    while IFS= read -r line; do
        if [[ $line == '  $ '* || ($line && $line != '  '*) ]]; then
            check "$name" "$command"
            command=
            printf %s "$blank" >>"$work/transcript"
            blank=
        fi
        if [[ $line == '  $ '* ]]; then
            command=${line:4}
            echo "$line" >"$work/expected"
        elif [[ ! $line ]]; then blank+=$'\n'
        elif [[ $line == '  '* ]]; then
            printf '%s%s\n' "$blank" "$line" >>"$work/expected"
            blank=
        else echo "$line" >>"$work/transcript"; fi
    done <"$file"
    check "$name" "$command"
    popd >/dev/null || return
    [[ ! ${REWRITE-} ]] || cp "$work/transcript" "$file"
}

for file in "$FOVEA_SOURCE"/tests/cli/${1:-*}.txt; do transcript "$file"; done
echo "1..$tests"
