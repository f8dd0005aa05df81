"""What the peers' programs share: the command line, the clock, and the word for what a peer cannot do.

    X_steps.py NETWORK train|infer BATCH f32|bf16 [--threads N] [--seconds S] [--parameters N] [--rss]
    X_steps.py --version

prints one number: the median milliseconds of a step on made-up images of the network's size, or with --rss the megabytes that the
process takes at most. Exit status 3 with a line on standard error: the peer does not offer that.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

INPUTS = {"lenet": (1, 28, 28, 10)}  # channels, height, width, classes
STANDARD_INPUT = (3, 224, 224, 1000)
NETWORKS = ("lenet", "alexnet", "vgg16", "resnet50", "mobilenet_v2")
CACHE = os.environ.get("FOVEA_PEERS_CACHE") or os.path.expanduser("~/.cache/fovea/peers-models")
WARM_UP, LEAST = 1, 3  # steps


def refuse(reason):
    print(f"{os.path.basename(sys.argv[0])}: {reason}", file=sys.stderr)
    sys.exit(3)


def arguments(version, flags=None):
    """flags: {"--name": help} of what this peer alone has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", action="version", version=version)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("mode", choices=("train", "infer"))
    parser.add_argument("batch", type=int)
    parser.add_argument("precision", choices=("f32", "bf16"))
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=3, help="to measure for, at least")
    parser.add_argument("--parameters", type=int, help="fail unless the network has as many")
    parser.add_argument("--rss", action="store_true", help="the memory of a few steps instead of their time")
    for flag, meaning in (flags or {}).items():
        parser.add_argument(flag, action="store_true", help=meaning)
    options = parser.parse_args()
    options.channels, options.height, options.width, options.classes = INPUTS.get(options.network, STANDARD_INPUT)
    options.shape = options.batch, options.channels, options.height, options.width
    return options


def check_parameters(options, count):
    if options.parameters is not None and count != options.parameters:
        sys.exit(f"{options.network}: {count} parameters, not {options.parameters}: another network")


def times(step, least, seconds):
    """Seconds of each step, for so long and at least so many; but after ten times as long there is no further one."""
    taken, start = [], time.perf_counter()
    while (past := time.perf_counter() - start) < seconds or len(taken) < least and past < 10 * seconds:
        begin = time.perf_counter()
        step()
        taken.append(time.perf_counter() - begin)
    return taken


def milliseconds(step, seconds):
    step()
    times(step, WARM_UP, 0.1 * seconds)
    return 1e3 * statistics.median(times(step, LEAST, seconds))


def megabytes(make):
    """The peak memory of a child that makes a step and takes it a few times; inf if it fails."""
    child = os.fork()
    if child == 0:
        try:
            step = make()
            for _ in range(LEAST):
                step()
            os._exit(0)
        finally:
            os._exit(1)
    _, status, usage = os.wait4(child, 0)
    return usage.ru_maxrss * 1024 / 1e6 if status == 0 else float("inf")


def report(options, makers):
    """Prints the number of the best of some ways to make a step, each a function that returns it."""
    print("%.4f" % min(megabytes(make) if options.rss else milliseconds(make(), options.seconds) for make in makers))


def onnx_model(options):
    """The path of the network in ONNX, any batch, made once by torch_export.py with an interpreter that has PyTorch."""
    path = os.path.join(CACHE, options.network + ".onnx")
    if not os.path.exists(path):
        exporter = os.environ.get("FOVEA_PEERS_EXPORTER") or sys.executable
        here = os.path.dirname(os.path.abspath(__file__))
        subprocess.run([exporter, os.path.join(here, "torch_export.py"), options.network, path, str(options.parameters or 0)],
                       check=True, stdout=sys.stderr)
    return path
