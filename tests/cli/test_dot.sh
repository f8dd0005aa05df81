#!/usr/bin/env bash
# `fovea summary --dot` of every network: as many boxes as layers, arrows from above alone, no loose end, and Graphviz reads
# it where it is installed. The transcripts have the text itself.
set -u
cd "$TMPDIR" || exit 1

# Reads a graph, prints "BOXES"; fails at the first line that is not one of a graph's, or that breaks its rules.
cat >check.awk <<'AWK'
function wrong(what) { print FILENAME ":" NR ": " what ": " $0; failed = 1; exit 1 }
NR == 1 { if ($0 != "digraph {") wrong("no graph"); next }
ended { wrong("after the end") }
/^  label="([^"\\]|\\.)*";$/ || /^  labelloc=t;$/ || /^  node \[shape=box\];$/ { next }
/^  [0-9]+ \[label="([^"\\]|\\.)*"(, style=dashed)?\];$/ {
    if ($1 != boxes + 0) wrong("box out of order")
    if (boxes > 1 && !inputs) wrong("the box above has no input")
    dashed[boxes++] = /style=dashed/
    inputs = 0
    next
}
/^  [0-9]+ -> [0-9]+;$/ {
    if ($1 >= boxes - 1 || $3 + 0 != boxes - 1) wrong("arrow to another box, or from below")
    read[$1] = 1
    inputs++
    next
}
/^}$/ { ended = 1; next }
{ wrong("strange line") }
END {
    if (failed) exit 1
    if (!ended || !inputs) wrong("no end")
    for (i = 0; i < boxes; i++) loose += !read[i]
    for (i = 0; i < boxes; i++) heads += dashed[i] && !read[i]
    if (loose != 1 + heads) wrong(loose " loose ends")
    print boxes
}
AWK

check() {
    local boxes layers
    "$FOVEA" summary "$1" --dot >graph.dot || return
    boxes=$(awk -f check.awk graph.dot) || { echo "# $boxes"; return 1; }
    layers=$("$FOVEA" summary "$1" --json | grep -o '"op":' | wc -l)
    ((boxes == layers)) || { echo "# $boxes boxes, $layers layers"; return 1; }
    ! command -v dot >/dev/null || dot -Tcanon graph.dot >/dev/null
}

tests=0
for network in $("$FOVEA" models | awk 'NR > 1 { print $1 }'); do
    tests=$((tests + 1))
    if check "$network"; then echo "ok $tests - $network"; else echo "not ok $tests - $network"; fi
done
echo "1..$tests"
