#!/usr/bin/env bash
# tools/roofline: points and roof where they belong, by a machine of 100 GFLOP/s and 10 GB/s; and mistakes, told.
set -u
cd "$(dirname "$0")/../.." || exit 1

work=${TMPDIR:-/tmp}/roofline.$$
mkdir "$work"
trap 'rm -rf "$work"' EXIT
source tests/support/checks.sh
has() { grep -qF -e "$1" "$work/drawing.svg"; }

# One step at the knee, one on the slope at an operation a byte, one without arithmetic.
cat >"$work/profile.json" <<'END'
{"model":"net","mode":"train","batch_size":8,"precision":"f32","isa":"avx2","threads":2,"ms_per_step":40.0000,"peak_gflops":100.0,"stream_gb_per_second":10.0,"profile":[{"layer":"conv<1>","step":"conv2d","kernel":"dnn jit","reference":false,"ms":10.0000,"macs":500000000,"bytes":100000000,"bound_ms":20.0000},{"layer":"conv<1>","step":"conv2d_backward_data","kernel":"dnn jit","reference":false,"ms":10.0000,"macs":50000000,"bytes":100000000,"bound_ms":11.0000},{"layer":"relu","step":"relu","kernel":"simd","reference":false,"ms":20.0000,"macs":0,"bytes":100000000,"bound_ms":10.0000}],"profile_by_op":[{"step":"conv2d","steps":1,"ms":10.0000,"macs":500000000,"bytes":100000000,"bound_ms":20.0000}]}
END
tools/roofline <"$work/profile.json" >"$work/drawing.svg"
check 'a point a step with arithmetic, and three of the legend' [ "$(grep -c '<circle' "$work/drawing.svg")" = 5 ]
check 'the knee' has '<circle class="p0" cx="387.0" cy="230.0" r="22.5"><title>conv&lt;1&gt; conv2d, dnn jit: 10.000 ms, 100.0 GFLOP/s</title>'
check 'the slope' has '<circle class="p1" cx="74.0" cy="400.0" r="22.5">'
check 'the roof rises' has '<line class="roof" x1="74.0" y1="400.0" x2="387.0" y2="230.0"/>'
check 'the roof is flat' has '<line class="roof" x1="387.0" y1="230.0" x2="700.0" y2="230.0"/>'
check 'what was run' has '<title>net, train, batch 8, avx2, 2 threads</title>'
tools/roofline 'a & b' <"$work/profile.json" >"$work/drawing.svg"
check 'a title' has '<title>a &amp; b</title>'
echo '{"model":"net","mode":"train"}' | tools/roofline >"$work/drawing.svg" 2>"$work/error"
check 'no profile: refused' [ $? = 1 ]
check 'with the remedy' grep -qxF 'roofline: no profile on standard input: fovea bench MODEL --profile --json' "$work/error"
check 'and no drawing' [ ! -s "$work/drawing.svg" ]
echo "1..$tests"
