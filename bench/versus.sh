# What the benchmarks against PyTorch share; sourced by them, in the project's folder, after they have defined ours and theirs:
# functions that print one number, the less the better.
#
# The setting that is fair to PyTorch: huge pages for its allocator, and OpenBLAS left to find out the processor.
python=${PYTHON:-/usr/bin/python3}
torch() { env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE GLIBC_TUNABLES=glibc.malloc.hugetlb=1 "$python" "$@"; }

# compare ROUNDS UNIT: runs both in turn; each round, then medians, ranges and the ratio.
compare() {
    "$python" -c 'import torch' 2>/dev/null || {
        echo "$0: no PyTorch for $python (apt: python3-torch libopenblas0); ours alone"
        theirs() { echo nan; }
    }
    local i
    for ((i = 0; i < $1; i++)); do echo "$(ours) $(theirs)"; done | tee /dev/stderr | awk -v unit="$2" '
        function median(a, n,   i, j, t) {
            for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (a[j] < a[i]) { t = a[i]; a[i] = a[j]; a[j] = t }
            return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
        }
        function line(name, a, unit,   m) { m = median(a, NR); printf "%-8s %.4g%s (%.4g to %.4g)\n", name, m, unit, a[1], a[NR] }
        { ours[NR] = $1; theirs[NR] = $2; ratio[NR] = $1 > 0 ? $2 / $1 : 0 }
        END { line("fovea", ours, " " unit); line("PyTorch", theirs, " " unit); line("ratio", ratio, "") }'
}
