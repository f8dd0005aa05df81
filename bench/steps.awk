# The table of bench/steps: awk -f steps.awk bench/rows RESULTS. RESULTS holds lines ROW ROUND WHO NUMBER, the less the better, "-" for none.
# A ratio is the best peer's number of a round over ours; a cell is the median of the rounds and, if there are several, their range.

FNR == NR {
    if (!/^#/ && NF) {
        row = $1 "-" $2 "-" $3 "-" $4
        bar[row] = $5
        against[row] = "," $6 ","
    }
    next
}
$4 != "-" {
    if (!($1 in seen)) { seen[$1] = 1; rows[++n_rows] = $1 }
    if ($3 != "fovea" && !($3 in known)) { known[$3] = 1; peers[++n_peers] = $3 }
    if (!(($1, $2) in met)) { met[$1, $2] = 1; rounds[$1, ++n_rounds[$1]] = $2 }
    number[$1, $2, $3] = $4
}

function sort(a, n,   i, j, t) {
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && a[j] < a[j - 1]; j--) { t = a[j]; a[j] = a[j - 1]; a[j - 1] = t }
}
function figure(x) { return sprintf(x >= 99.95 ? "%.0f" : x >= 9.995 ? "%.1f" : "%.2f", x) }
function cell(a, n) {
    if (n == 0) return "–"
    sort(a, n)
    middle = n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
    return n == 1 ? figure(middle) : figure(middle) " (" figure(a[1]) "–" figure(a[n]) ")"
}
# What a reader expects: images a second, milliseconds, megabytes.
function shown(row, x,   part) {
    split(row, part, "-")
    return part[2] ~ /train|infer/ ? 1000 * part[3] / x : x
}
function column(row, who,   i, n, a) {
    for (i = 1; i <= n_rounds[row]; i++)
        if ((row, rounds[row, i], who) in number) a[++n] = shown(row, number[row, rounds[row, i], who])
    return cell(a, n + 0)
}
# To the best of the peers in `list`, ",NAME,NAME,"; of all if it is empty.
function ratio(row, list,   i, j, n, a, at, best) {
    for (i = 1; i <= n_rounds[row]; i++) {
        best = 0
        for (j = 1; j <= n_peers; j++) {
            at = row SUBSEP rounds[row, i] SUBSEP peers[j]
            if (at in number && (list == "" || index(list, "," peers[j] ",")) && (!best || number[at] < best)) best = number[at]
        }
        at = row SUBSEP rounds[row, i] SUBSEP "fovea"
        if (best && at in number) a[++n] = best / number[at]
    }
    return cell(a, n + 0)
}
function unit(row,   part) {
    split(row, part, "-")
    return part[2] == "start" ? "ms" : part[2] == "rss" ? "MB" : part[2] == "epoch" ? "s" : "images/s"
}

END {
    printf "| work | | fovea |"
    for (j = 1; j <= n_peers; j++) printf " %s |", peers[j]
    printf " ratio, for the bar | bar | ratio to the fastest |\n| --- | --- |"
    for (j = 1; j <= n_peers + 4; j++) printf " --- |"
    printf "\n"
    for (i = 1; i <= n_rows; i++) {
        row = base = rows[i]
        held = sub(/-avx2$/, "", base)
        printf "| %s | %s | %s |", row, unit(row), column(row, "fovea")
        for (j = 1; j <= n_peers; j++) printf " %s |", column(row, peers[j])
        printf " %s | %s | %s |\n", ratio(row, against[base]), held ? 1.3 : bar[base], ratio(row, "")
    }
}
