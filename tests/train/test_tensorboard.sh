#!/usr/bin/env bash
# TensorBoard's own reader finds in the event files what metrics.jsonl says, and each epoch once, after a run that was stopped and
# resumed, and after another that replaced it. Skipped where $PYTHON (python3) has no tensorboard. TAP.
set -u
fovea=$(realpath "${FOVEA:-build/fovea}") python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
echo "1..2"
if ! "$python" -c 'import tensorboard' 2>/dev/null; then
    printf 'ok %d # SKIP %s has no tensorboard\n' 1 "$python" 2 "$python"
    exit
fi

cat >compare.py <<'END'
import json
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
board = EventAccumulator("board")
board.Reload()
lines = [json.loads(line) for line in open("run/metrics.jsonl")]
assert [line["epoch"] for line in lines] == [1, 2, 3, 4]
names = [name for name in lines[0] if name != "epoch"]
tags = {("val/" + name[4:]) if name.startswith("val_") else "train/" + name: name for name in names}
assert sorted(board.Tags()["scalars"]) == sorted(tags), board.Tags()["scalars"]
for tag, name in tags.items():
    points = [(point.step, point.value) for point in board.Scalars(tag)]
    assert [step for step, _ in points] == [1, 2, 3, 4], (tag, points)
    for (_, value), line in zip(points, lines):
        digits = {"seconds": 6e-5, "images_per_second": 0.06}.get(name, 0)  # lost in metrics.jsonl
        assert abs(value - line[name]) <= 1e-6 * abs(line[name]) + digits, tag
END
report() { if "$python" compare.py 2>error; then echo "ok $1 $2"; else echo "not ok $1 $2" && sed 's/^/# /' error; fi; }

train=("$fovea" train lenet --data synthetic:fundus,count=800,size=28 --epochs 4 --threads 1 --save-every 2 --tensorboard board --out run)
"${train[@]}" 2>/dev/null &
for ((i = 0; i < 600; i++)); do
    [[ -s run/metrics.jsonl ]] && break
    sleep 0.05
done
kill -INT $! 2>/dev/null
wait $!
"$fovea" train --resume run 2>/dev/null
report 1 "a run that was stopped and resumed"
"${train[@]}" --overwrite --seed 1 2>/dev/null
report 2 "a run in its place"
