#!/usr/bin/env bash
# tools/claims, with a program in fovea's place that says at once what it has learned: every recipe it names is there, what it
# measures comes into the tables and curves, and what is done is not done again.
set -u
cd "$(dirname "$0")/../.." || exit 1

work=${TMPDIR:-/tmp}/claims.$$
mkdir -p "$work/data"
trap 'rm -rf "$work"' EXIT
source tests/support/checks.sh
has() { grep -qxF "$2" "$work/out/$1"; }
count() { [[ $(grep -c "$1" "$work/$2") == "$3" ]]; }

cat >"$work/fovea" <<'END'
#!/usr/bin/env bash
set -eu
echo "$*" >>"$(dirname "$0")/calls"
case $1 in
eval)
    case "$*" in
    *shift:3/28-3/28*) echo '{"n":10,"loss":0.5,"top1":0.25}' ;;
    *shift:-3/28--3/28*) echo '{"n":10,"loss":0.5,"top1":0.75}' ;;
    *split=train*) echo '{"n":10,"loss":0.125,"top1":1}' ;;
    *) echo '{"n":10,"loss":0.5,"top1":0.875}' ;;
    esac ;;
train)
    while [[ $# -gt 1 ]]; do
        [[ $1 != --recipe ]] || cat "recipes/$2.recipe" >/dev/null
        [[ $1 != --out ]] || folder=$2
        shift
    done
    [[ ${folder-} ]] || exit 0
    mkdir "$folder"
    touch "$folder/config.recipe"
    printf '{"epoch":%d,"loss":%s,"top1":0.25,"val_loss":1,"val_top1":0.5,"gradient_norms":{"conv1.weight":%s,"bn1.weight":9,"fc.weight":2,"fc3.weight":4}}\n' 1 2 0.001 2 1.5 7 >"$folder/metrics.jsonl" ;;
esac
END
chmod +x "$work/fovea"
FOVEA=$work/fovea tools/claims "$work/data" "$work/out" >"$work/tables" 2>"$work/log"
check 'all claims' test $? = 0
for name in depth depth-gradients activation-gradients gap dropout shift; do
    check "$name.svg" grep -q '</svg>' "$work/out/$name.svg"
done
check 'depth: a curve for each network' count '<polyline' out/depth.svg 4
check 'depth: the layers of each, without batch norm' count '<circle' out/depth-gradients.svg 8
check 'depth: errors' has depth.md '| resnet56 | 0.750 | 1.500 | 0.500 |'
check 'activation: norms of the first epoch' has activation.md '| sigmoid | 0.001 | 4 | 1.500 |'
check 'gap: training and validation of both' count '<polyline' out/gap.svg 4
check 'gap: measured as they are' has gap.md '| augmented | 0.125 | 1.0000 | 0.500 | 0.8750 |'
check 'dropout: training and validation of both' count '<polyline' out/dropout.svg 4
check 'dropout: the gap of each seed' has dropout.md '| 4 | 0.375 | 0.375 | 0.8750 | 0.8750 |'
check 'dropout: their means' has dropout.md '| mean | 0.375 | 0.375 | 0.8750 | 0.8750 |'
check 'dropout: curves are of the means of five seeds' has few-small.jsonl '{"epoch":2,"loss":1.5,"val_loss":1}'
check 'shift: the mean of both ways' has shift.md '| 3 | 0.5000 (0.5000–0.5000) | 0.5000 (0.5000–0.5000) |'
check 'shift: three seeds of each network' count '^train --recipe lenet-mnist' calls 6
check 'all tables are printed' count '^| ---' tables 5

grep -c '^train --recipe' "$work/calls" >"$work/before"
FOVEA=$work/fovea tools/claims "$work/data" "$work/out" depth >"$work/tables" 2>"$work/log"
check 'what is there is not done again' count '^train --recipe' calls "$(cat "$work/before")"
check 'but taken up, to its end' count '^train --resume .*/cifar10-' calls 4

refused() { # WORDS ARGUMENT...
    FOVEA=$work/fovea tools/claims "${@:2}" >"$work/none" 2>"$work/err"
    [[ $? == 2 && ! -s $work/none ]] && grep -qe "$1" "$work/err"
}
check 'no data' refused 'usage: tools/claims DATA'
check 'no folder of data' refused 'no such folder: DATA holds' "$work/nowhere"
check 'no such claim' refused 'depths: no such claim: there are depth, activation, gap, dropout and shift' "$work/data" "$work/out" depths
echo "1..$tests"
