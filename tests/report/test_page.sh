#!/usr/bin/env bash
# Pages of runs, as a browser gets them: well-formed, with all sections, without an address outside; no word on the console, and
# nothing that sticks out of a phone's 360 pixels. Parts that need Python or Chromium are skipped where these are not installed.
# KEEP=DIR keeps pages and screenshots to look at. Without tools/run-tests: FOVEA=build/fovea tests/report/test_page.sh
set -u
cd "$(dirname "$0")/../.." || exit 1

fovea=$(realpath "${FOVEA:-build/fovea}") work=$(mktemp -d) tests=0
trap 'rm -rf "$work"' EXIT
check() { # NAME COMMAND...
    tests=$((tests + 1))
    if "${@:2}" >"$work/log" 2>&1; then echo "ok $tests - $1"; else echo "not ok $tests - $1" && sed 's/^/# /' "$work/log"; fi
}
skip() { echo "ok $((++tests)) - $1 # SKIP $2"; }
python=${PYTHON:-$(command -v python3)}
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
sections=(training measures ranking confusion pictures settings)

# Ten classes whose names and files are hostile: the drawn retinas, dealt out by number.
"$fovea" data synthetic:fundus,count=60,size=32 --export "$work/drawn" 2>/dev/null
number=0
for picture in "$work"/drawn/train/*/*.png; do
    class="<b>class\"$((number % 10))'&amp;"
    mkdir -p "$work/ten/$class"
    mv "$picture" "$work/ten/$class/<script>alert($number)</script>.png" 2>/dev/null || cp "$picture" "$work/ten/$class/$number\"onerror='x'.png"
    number=$((number + 1))
done
two() { "$fovea" train lenet --data synthetic:fundus,count=80,size=28 --loss bce --epochs 3 --batch-size 20 --report --out "$work/two"; }
ten() { "$fovea" train lenet --data "folder:$work/ten" --image-size 28 --val-split 0.4 --epochs 2 --batch-size 12 --out "$work/ten-run" &&
    "$fovea" report "$work/ten-run"; }
check 'two classes with one logit, written by training' two
check 'ten classes with hostile names' ten
is_over() { ! grep -q 'http-equiv=refresh' "$work/two/report.html"; }
check 'a run that has ended asks for no refresh' is_over

# The page of a run that goes on, taken away while it does; it is no such page any more once somebody has ended the run.
going() {
    "$fovea" train lenet --data synthetic:fundus,count=80,size=28 --epochs 100000 --batch-size 20 --report --out "$work/ended" &
    local pid=$! tries=0
    until grep -q 'epoch 2[0-9] of 100000' "$work/ended/report.html" 2>/dev/null || ((++tries > 1200)); do sleep 0.05; done
    mkdir "$work/going" && cp "$work/ended/report.html" "$work/going"
    kill -TERM "$pid"
    wait "$pid"
    (($? == 130)) && grep -q 'http-equiv=refresh' "$work/going/report.html" && grep -q '<progress max=100000' "$work/going/report.html" &&
        grep -q 'the run was ended before its last epoch' "$work/ended/report.html" &&
        ! grep -q 'http-equiv=refresh' "$work/ended/report.html"
}
check 'a run that goes on says how far it is' going

is_explained() { grep -q 'class=map><img' "$work/two/report.html"; }
check 'pictures show what spoke for the answer' is_explained

html() { "$python" tests/report/check_page.py "$1" "${sections[@]}"; }
for run in two ten-run going; do
    page=$work/$run/report.html
    [[ $run != going ]] || sections=(training settings) # measures and pictures come at its end
    if [[ $python ]]; then check "$run: well-formed" html "$page"; else skip "$run: well-formed" 'no python3'; fi
done

# Chromium's headless window: WIDTH SCHEME (0 dark, 1 light) PAGE, and flags.
browse() {
    timeout 60 "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
        --blink-settings=preferredColorScheme="$2" --window-size="$1",900 --enable-logging=stderr --v=0 "${@:4}" "file://$3"
}
# The page in a frame of 360 pixels, whose own script says how wide it is.
framed() {
    cat >"$work/frame.html" <<END
<!DOCTYPE html><title>?</title><iframe src="$1" style="width:360px;height:900px;border:0"></iframe>
<script>onload = () => document.body.append("width " + document.querySelector("iframe").contentDocument.documentElement.scrollWidth)</script>
END
    timeout 60 "$chromium" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
        --allow-file-access-from-files \
        --virtual-time-budget=5000 --dump-dom "file://$work/frame.html" 2>/dev/null | grep -o 'width 360<'
}
quiet() { # PAGE NAME WIDTH SCHEME
    browse "$3" "$4" "$1" --screenshot="$work/$2.png" 2>"$work/console" || return 1
    [[ -s $work/$2.png ]] && ! grep 'CONSOLE' "$work/console"
}
for run in two ten-run going; do
    page=$work/$run/report.html
    for width in 360 1280; do
        for scheme in 0 1; do
            name="$run-$width-$([[ $scheme == 0 ]] && echo dark || echo light)"
            if [[ $chromium ]]; then check "$name: no word on the console" quiet "$page" "$name" $width $scheme; else skip "$name" 'no chromium'; fi
        done
    done
    if [[ $chromium ]]; then check "$run: not wider than 360 pixels" framed "$page"; else skip "$run: width" 'no chromium'; fi
done
[[ ! ${KEEP-} ]] || cp "$work"/*.png "$work"/two/report.html "$KEEP"
[[ ! ${KEEP-} ]] || cp "$work"/ten-run/report.html "$KEEP"/ten.html
[[ ! ${KEEP-} ]] || cp "$work"/going/report.html "$KEEP"/going.html
echo "1..$tests"
