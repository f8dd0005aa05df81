#!/usr/bin/env bash
# bench/steps, with programs in the places of fovea and of the peers' interpreters that know all figures at once: who is asked what, what
# becomes of one that cannot, and the table.
set -u
cd "$(dirname "$0")/../.." || exit 1

work=${TMPDIR:-/tmp}/steps.$$
mkdir -p "$work/peers/bin"
trap 'rm -rf "$work"' EXIT
source tests/support/checks.sh
says() { grep -qxF -e "$1" "$work/$2"; }
called() { grep -qxF -e "$1" "$work/calls"; }

cat >"$work/fovea" <<'END'
#!/usr/bin/env bash
echo "fovea $*" >>"$(dirname "$0")/calls"
case "$*" in
version) echo 'fovea 0 (none)' ;;
summary*) echo '{"model":"x","input":"3x224x224","parameters":4242,"macs":1,"layers":[]}' ;;
*bf16*) echo 'fovea: --precision bf16: must be f32' >&2 && exit 2 ;;
*) echo '{"model":"x","threads":2,"ms_per_step":100.5000,"peak_rss_mb":700.0,"planned_mb":1}' ;;
esac
END
cat >"$work/peers/bin/python" <<'END'
#!/usr/bin/env bash
echo "$*" >>"$(dirname "$0")/../../calls"
case "$*" in
*openvino*) exit 1 ;;
*--version) echo "A Peer 1" ;;
*onnxruntime*train*) echo "onnxruntime_steps.py: does not train" >&2 && exit 3 ;;
*onnxruntime*) echo 150.75 ;;
*paddle*) echo 67 ;;
*) [[ ${ATEN_CPU_CAPABILITY-} == avx2 ]] && echo 402 || echo 201 ;;
esac
END
chmod +x "$work/fovea" "$work/peers/bin/python"
steps() { FOVEA=$work/fovea FOVEA_PEERS=$work/peers PYTHON=$work/peers/bin/python bench/steps "$@"; }

steps --rounds 2 --results "$work/results" --peers torch-debian,paddle,onnxruntime,openvino \
    'resnet50-*-8-f32' vgg16-infer-1-f32 resnet50-infer-8-bf16 >"$work/table" 2>"$work/errors"
check 'it ends well' [ $? = 0 ]
check 'a peer has the command line and the number of parameters' \
    called 'bench/peers/onnxruntime_steps.py vgg16 infer 1 f32 --parameters 4242'
check 'memory is asked of training' called 'bench/peers/torch_steps.py resnet50 train 8 f32 --rss --parameters 4242'
check 'and so it is of fovea' called 'fovea bench resnet50 --batch-size 8 --precision f32 --json'
check 'one that is not there is said' says "openvino: left out: not installed in $work/peers: bench/get-peers" errors
check 'what fovea cannot is said' says 'resnet50-infer-8-bf16 fovea: none: fovea: --precision bf16: must be f32' errors
check 'what a peer cannot is said' says 'resnet50-train-8-f32 onnxruntime: none: onnxruntime_steps.py: does not train' errors
check 'results are kept' [ "$(grep -c ' fovea ' "$work/results")" = 10 ]
check 'the head' says '| work | | fovea | torch-debian | paddle | onnxruntime | ratio, for the bar | bar | ratio to the fastest |' table
check 'images a second, and ratios' says '| vgg16-infer-1-f32 | images/s | 9.95 (9.95–9.95) | 4.98 (4.98–4.98) | 14.9 (14.9–14.9) | 6.63 (6.63–6.63) | 1.50 (1.50–1.50) | 2.4 | 0.67 (0.67–0.67) |' table
check 'megabytes' says '| resnet50-rss-8-f32 | MB | 700 (700–700) | 201 (201–201) | 67.0 (67.0–67.0) | – | 0.29 (0.29–0.29) | 1.43 | 0.10 (0.10–0.10) |' table
check 'what is not built has no ratio' grep -qE '^\| resnet50-infer-8-bf16 \| images/s \| – \|.* – \| 1.25 \| – \|$' "$work/table"

steps --rounds 1 --isa avx2 --peers torch-debian,onnxruntime resnet50-infer-1-f32 resnet50-infer-1-bf16 >"$work/table" 2>"$work/errors"
check 'avx2: whom it cannot be told is left out' says 'onnxruntime: left out: it cannot be held to avx2' errors
check 'avx2: fovea is told' called 'fovea bench resnet50 --batch-size 1 --precision f32 --json --isa avx2 --mode infer'
check 'avx2: the peer is told, f32 alone' says '| resnet50-infer-1-f32-avx2 | images/s | 9.95 | 2.49 | 4.00 | 1.3 | 4.00 |' table

row=resnet50-start-1-f32
printf "$row %s fovea %s\\n$row %s torch %s\\n" 1 10 1 40 2 20 2 20 3 30 3 15 >"$work/results"
echo "$row 1 torch-debian 5" >>"$work/results"
bench/steps --table "$work/results" >"$work/table"
check 'medians of rounds, ratios within a round' says "| $row | ms | 20.0 (10.0–30.0) | 20.0 (15.0–40.0) | 5.00 | 0.50 | 15 | 0.50 (0.50–1.00) |" table
check 'an unknown row is refused' [ "$(steps --peers torch nowhere 2>&1 | tail -n 1)" = 'bench/steps: no row is called nowhere: see --list' ]
echo "1..$tests"
