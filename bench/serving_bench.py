#!/usr/bin/env python3
"""What serving costs around a model, beside Triton, in one run with one tool (lqvg-load):

    bench/serving_bench.py [--triton PYTHON] [--seconds 5] [--out out/bench] [overhead] [overload]
    bench/serving_bench.py sharing [--model DIR] [--threads N]
    bench/serving_bench.py official --official CHECKOUT --model DIR --triton PYTHON [--threads N] [--seconds 60]

overhead  lqvg-bench-server with a model that takes no time, and Triton with an empty one: pictures of 1 KB and 185 KB that
          nobody decodes, 1, 16 and 64 calls at a time; and ours with real decoding, and with answers from its cache.
overload  both with a model that sleeps for 20 ms and 5 ms a picture, up to 8 pictures a batch: goodput from half to ten
          times what such a model can do.
sharing   lqvg-server with the model in DIR (the demo model): four expressions of a picture in one call, in four at once,
          one after another, beside four pictures with one each: see sharing_bench.py.
official  lqvg-server, and the official LQVG code behind Triton with the weights of the same model directory: see
          official_bench.py. CHECKOUT is a clone of LANMNG/LQVG, DIR a full-size model; without --threads all cores.

--triton names a Python that has bench/triton/requirements.txt installed (official: bench/official/requirements.txt);
without it only our own figures are measured, and official does not run. The servers take turns. Prints Markdown, writes
OUT/serving.json, and OUT/overload.svg with both.
"""

import argparse
import json
import pathlib
import random
import signal
import subprocess
import sys

from official_bench import CannotRun, measure_official
from server_under_load import BIN, NO_CACHES, ROOT, Server, load
from sharing_bench import measure_sharing

CONCURRENCIES = (1, 16, 64)
SIZES = {"1 KB": 1_000, "185 KB": 185_000}

BATCH_SECONDS, IMAGE_SECONDS, BATCH_IMAGES = 0.020, 0.005, 8
CAPACITY = BATCH_IMAGES / (BATCH_SECONDS + BATCH_IMAGES * IMAGE_SECONDS)  # calls per second
OFFERED = (0.5, 0.8, 1, 1.5, 2, 5, 10)  # times the capacity
TIMEOUT = "500ms"
DISTINCT = 4096  # pictures: equal ones in a queue would cost as one


def lqvg_server(out, decode, batch_seconds=0.0, image_seconds=0.0, caches=NO_CACHES):
    environment = {"BENCH_DECODE": decode, "BENCH_BATCH_TIME": f"{batch_seconds}s", "BENCH_IMAGE_TIME": f"{image_seconds}s"}
    command = [BIN / "lqvg-bench-server", f"--model={ROOT / 'models/demo'}", "--listen=127.0.0.1:0",
               "--metrics-listen=127.0.0.1:0", "--max-concurrent-streams=10000", f"--max-batch-images={BATCH_IMAGES}",
               "--drain-delay=0s", *caches]
    return Server(command, r"ready: .*?grpc ([^,]+),", out / "lqvg.log", environment)


def triton_server(out, python, batch_seconds=0.0, image_seconds=0.0, queue_seconds=0.0):
    port = random.randrange(20000, 30000)
    command = [python, ROOT / "bench/triton/sleeping_model.py", "--grpc-port", port, "--http-port", port + 1,
               "--metrics-port", port + 2, "--batch-time", batch_seconds, "--image-time", image_seconds, "--max-batch",
               BATCH_IMAGES, "--queue-timeout", queue_seconds]
    # Triton writes to the same log, piece by piece: the word may end one of its lines.
    server = Server(command, r"ready$", out / "triton.log")
    server.address = f"127.0.0.1:{port}"
    return server


def make_pictures(folder, count, size):
    folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(1)
    paths = []
    for i in range(count):
        paths.append(folder / f"{size}_{i}")
        paths[-1].write_bytes(generator.randbytes(size))
    return paths


def asking(pictures):
    return "--expression", "a ship", *pictures


def measure_overhead(arguments):
    rows = []
    for size_name, size in SIZES.items():
        pictures = make_pictures(arguments.out / "pictures", 4, size)
        for concurrency in CONCURRENCIES:
            servers = [("lqvg-serve", "lqvg", lqvg_server(arguments.out, "none"))]
            if arguments.triton:
                servers.append(("Triton", "oip", triton_server(arguments.out, arguments.triton)))
            for name, protocol, server in servers:
                with server:
                    asked = ("-c", concurrency, "--warm-up", "0s", *asking(pictures))
                    load(server, protocol, arguments.out, "-d", "1s", *asked)
                    step = load(server, protocol, arguments.out, "-d", f"{arguments.seconds}s", "--channels",
                                1 + concurrency // 32, *asked)[0]
                rows.append({"server": name, "picture": size_name, "concurrency": concurrency, **step})
                print(overhead_row(rows[-1]), flush=True)
    subprocess.run([BIN / "lqvg-scenes", "--seed", "1", "--count", "4", "--size", "256x256", "--out",
                    arguments.out / "scenes"], check=True, stdout=subprocess.DEVNULL)
    scenes = sorted((arguments.out / "scenes").glob("*.png"))
    size = sum(path.stat().st_size for path in scenes) // 4000
    for what, caches in (("decoded", NO_CACHES), ("answered from the response cache", ())):
        for concurrency in CONCURRENCIES:
            with lqvg_server(arguments.out, "real", caches=caches) as server:
                step = load(server, "lqvg", arguments.out, "-c", concurrency, "-d", f"{arguments.seconds}s", "--warm-up", "0s",
                            "--channels", 1 + concurrency // 32, *asking(scenes))[0]
            rows.append({"server": "lqvg-serve", "picture": f"{size} KB PNG, {what}", "concurrency": concurrency, **step})
            print(overhead_row(rows[-1]), flush=True)
    return rows


def overhead_row(row):
    latency, used = row["latency_seconds"], row["server_seconds_per_call"]
    if not row["ok"]:
        return f"| {row['server']} | {row['picture']} | {row['concurrency']} | none answered: {row['statuses']} | | | |"
    return (f"| {row['server']} | {row['picture']} | {row['concurrency']} | {row['ok'] / row['duration_seconds']:.0f} | "
            f"{latency['p50'] * 1e3:.2f} | {latency['p99'] * 1e3:.2f} | {used * 1e6:.0f} |")


def measure_overload(arguments):
    pictures = make_pictures(arguments.out / "pictures", DISTINCT, SIZES["1 KB"])
    rates = ",".join(f"{CAPACITY * times:.1f}" for times in OFFERED)
    flags = ["--rate", rates, "-d", f"{arguments.seconds}s", "--warm-up", "1s", "--timeout", TIMEOUT, "--channels", 4,
             *asking(pictures)]
    runs = {}
    if arguments.triton:
        # Triton does not read the deadline of a call: the policy of its queue is told the same time.
        with triton_server(arguments.out, arguments.triton, BATCH_SECONDS, IMAGE_SECONDS,
                           float(TIMEOUT.removesuffix("ms")) / 1000) as server:
            runs["Triton"] = load(server, "oip", arguments.out, *flags)
        (arguments.out / "load.json").rename(arguments.out / "triton.json")
        flags += ["--beside", f"Triton={arguments.out / 'triton.json'}"]
    with lqvg_server(arguments.out, "none", BATCH_SECONDS, IMAGE_SECONDS) as server:
        runs["lqvg-serve"] = load(server, "lqvg", arguments.out, *flags, "--plot", arguments.out / "overload.svg")
    return runs


def print_overload(runs):
    print(f"\nCapacity {CAPACITY:.0f} calls/s, deadline {TIMEOUT}\n\n| Server | Offered, times the capacity | Goodput, part of the "
          "capacity | p50, ms | p99, ms |\n| --- | --- | --- | --- | --- |")
    for name, steps in runs.items():
        for times, step in zip(OFFERED, steps):
            latency = step["latency_seconds"]
            shown = [f"{latency[p] * 1e3:.0f}" if latency[p] is not None else "-" for p in ("p50", "p99")]
            print(f"| {name} | {times} | {step['goodput_per_second'] / CAPACITY:.3f} | {shown[0]} | {shown[1]} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", choices=["overhead", "overload", "sharing", "official", []],
                        help="the first two, unless one is named")
    parser.add_argument("--triton", metavar="PYTHON", help="a Python with nvidia-pytriton")
    parser.add_argument("--official", metavar="CHECKOUT", type=pathlib.Path, help="a clone of LANMNG/LQVG")
    parser.add_argument("--model", metavar="DIR", type=pathlib.Path, help="sharing, official: the model directory that is served")
    parser.add_argument("--threads", type=int, metavar="N", help="sharing, official: of each server [all cores]")
    parser.add_argument("--seconds", type=float, help="of each step [5; official: 60]")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "out/bench")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or the servers would stay
    arguments.out.mkdir(parents=True, exist_ok=True)
    what, results = arguments.what or ["overhead", "overload"], {}
    arguments.seconds = arguments.seconds or (60 if what == ["official"] else 5)
    if "overhead" in what:
        print("| Server | Picture | At a time | Requests/s | p50, ms | p99, ms | Server's processor time a call, us |\n"
              "| --- | --- | --- | --- | --- | --- | --- |")
        results["overhead"] = measure_overhead(arguments)
    if "overload" in what:
        results["overload"] = measure_overload(arguments)
        print_overload(results["overload"])
    if "sharing" in what:
        results["sharing"] = measure_sharing(arguments)
    if "official" in what:
        try:
            results["official"] = measure_official(arguments)
        except CannotRun as error:
            parser.exit(2, f"serving_bench.py: {error}\n")
    (arguments.out / "serving.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
