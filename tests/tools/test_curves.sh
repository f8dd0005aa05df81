#!/usr/bin/env bash
# tools/curves: well-formed SVG with as many points as there are numbers, where they belong; and mistakes, told.
set -u
cd "$(dirname "$0")/../.." || exit 1

work=${TMPDIR:-/tmp}/curves.$$
mkdir "$work"
trap 'rm -rf "$work"' EXIT
source tests/support/checks.sh

# What XML asks of these files: tags that close in their order, attributes in quotes, no bare & and < in text.
well_formed() {
    awk '
        BEGIN { RS = "<" }
        NR == 1 { bad += $0 != ""; next }
        {
            end = index($0, ">")
            if (!end) { bad++; next }
            tag = substr($0, 1, end - 1); rest = substr($0, end + 1)
            while (match(rest, /&(amp|lt|gt);/)) rest = substr(rest, 1, RSTART - 1) substr(rest, RSTART + RLENGTH)
            bad += rest ~ /[&>]/
            name = tag; sub(/[ \/].*/, "", name)
            if (tag ~ /^\//) { bad += open[depth--] != substr(tag, 2); next }
            while (match(tag, / [a-z0-9A-Z-]+="[^"]*"/)) tag = substr(tag, 1, RSTART - 1) substr(tag, RSTART + RLENGTH)
            bad += tag !~ /^[a-z]+\/?$/
            if (tag !~ /\/$/) open[++depth] = name
        }
        END { exit bad || depth }' "$1"
}
count() { [[ $(grep -c "$1" "$work/$2.svg") == "$3" ]]; }
# The points of curve N, as "x,y x,y".
points() { grep '<polyline' "$work/$1.svg" | sed -n "$2s/.* points=\"\([^\"]*\)\".*/\1/p"; }
is() { [[ $1 == "$2" ]] || { echo "is $1, not $2" && false; }; }

cat >"$work/metrics.jsonl" <<'END'
{"epoch":1,"loss":2,"top1":0.5,"val_loss":2.5,"gradient_norms":{"conv1.weight":10,"conv1.bias":7,"fc.weight":0.1}}
{"epoch":2,"loss":1.5,"top1":0.75,"gradient_norms":{"conv1.weight":0.001,"conv1.bias":7,"fc.weight":1}}
{"epoch":3,"loss":0.5,"top1":1,"val_loss":-3.5e-1,"gradient_norms":{"conv1.weight":0.01,"conv1.bias":7,"fc.weight":1e-4}}
END
tools/curves --title 'a < b & "c"' --y-title 'loss > 0' loss:training,val_loss:validation "one & <two>=$work" >"$work/loss.svg" 2>"$work/log"
check 'keys: well-formed' well_formed "$work/loss.svg"
check 'keys: a curve for each' count '<polyline' loss 2
check 'keys: a point for each number' count '<circle' loss 5
check 'keys: labels' count 'class="label' loss 2
check 'keys: what has to be escaped is' grep -q '>one &amp; &lt;two&gt; validation<' "$work/loss.svg"
check 'keys: from left to right, from top to bottom' is "$(points loss 1)" "74.0,94.3 301.0,144.7 528.0,245.3"
check 'keys: an exponent' is "$(points loss 2)" "74.0,44.0 528.0,330.9"
check 'both schemes' grep -q '@media(prefers-color-scheme:dark)' "$work/loss.svg"

tools/curves 1-top1 "$work/metrics.jsonl" "other=$work/metrics.jsonl" >"$work/error.svg" 2>"$work/log"
check 'several runs: a curve for each' count '<polyline' error 2
check 'what is lacking of 1' is "$(points error 1)" "74.0,44.0 317.0,195.0 560.0,346.0"

tools/curves --log --norms '(conv[0-9]|fc)\.weight$' "$work" >"$work/last.svg" 2>"$work/log"
tools/curves --log --epoch 1 --norms weight "$work" >"$work/first.svg" 2>>"$work/log"
check 'norms: well-formed' well_formed "$work/last.svg"
check 'norms: of the layers that match' count '<circle' last 2
check 'norms: of the last epoch' is "$(points last 1)" "74.0,44.0 560.0,346.0"
check 'norms: of the first epoch, conv1, fc' is "$(points first 1)" "74.0,44.0 560.0,346.0"
check 'norms: decades' grep -q '>1e-4<' "$work/last.svg"
check 'norms: decades of the first epoch' grep -q '>0.1<' "$work/first.svg"

printf '{"pixels":0,"top1":0.9}\n{"pixels":1,"top1":0.9}\n' >"$work/flat.jsonl"
tools/curves --x pixels top1 "$work/flat.jsonl" >"$work/flat.svg" 2>"$work/log"
check 'another axis, and a flat curve' well_formed "$work/flat.svg"
check 'a flat curve has its points' count '<circle' flat 2

refused() { # STATUS WORDS COMMAND...
    local status
    "${@:3}" >"$work/out" 2>"$work/err"
    status=$?
    [[ $status == "$1" && ! -s $work/out ]] && grep -qe "$2" "$work/err"
}
check 'no such numbers' refused 1 'no such numbers' tools/curves losses "$work"
check 'no such file' refused 1 'nowhere: cannot read' tools/curves loss nowhere
check 'no run' refused 2 usage tools/curves loss
check 'no such flag' refused 2 usage tools/curves --colour loss "$work"
echo "1..$tests"
