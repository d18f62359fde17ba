#!/usr/bin/env python3
"""What serving costs around a model, beside Triton, in one run with one tool (lqvg-load):

    bench/serving_bench.py [--triton PYTHON] [--seconds 5] [--out out/bench] [overhead] [overload]

overhead  lqvg-bench-server with a model that takes no time, and Triton with an empty one: pictures of 1 KB and 185 KB that
          nobody decodes, 1, 16 and 64 calls at a time; and with real decoding, which Triton's model would do in Python.
overload  both with a model that sleeps for 20 ms and 5 ms a picture, up to 8 pictures a batch: goodput from half to ten
          times what such a model can do.

--triton names a Python that has bench/triton/requirements.txt installed; without it only our own figures are measured.
The servers take turns, one at a time. Prints Markdown, writes OUT/serving.json, and OUT/overload.svg with both.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.get("LQVG_BINARY_DIR", ROOT / "build" / "bin"))
READY_SECONDS = 120
CONCURRENCIES = (1, 16, 64)
SIZES = {"1 KB": 1_000, "185 KB": 185_000}

BATCH_SECONDS, IMAGE_SECONDS, BATCH_IMAGES = 0.020, 0.005, 8
CAPACITY = BATCH_IMAGES / (BATCH_SECONDS + BATCH_IMAGES * IMAGE_SECONDS)  # calls per second
OFFERED = (0.5, 0.8, 1, 1.5, 2, 5, 10)  # times the capacity
TIMEOUT = "500ms"
DISTINCT = 256  # pictures: a batch of equal ones would cost as one


def processor_seconds(pid):
    """Of a process and all that descend from it, so far."""
    total, children = 0.0, [pid]
    parents = {}
    for status in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rsplit(")", 1)[1].split()
            parents.setdefault(int(fields[1]), []).append(int(status.parent.name))
    while children:
        current = children.pop()
        children += parents.get(current, [])
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{current}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


class Server:
    """A server in its own process group, ready when the context begins."""

    def __init__(self, command, ready, log, environment=None):
        self._command, self._ready, self._log = [str(word) for word in command], ready, log
        self._environment = {**os.environ, **(environment or {})}
        self.address = None

    def __enter__(self):
        with self._log.open("w") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, env=self._environment,
                                             start_new_session=True)
        give_up = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up:
            if found := re.search(self._ready, self._log.read_text(errors="replace"), re.MULTILINE):
                self.address = found.group(1) if found.groups() else self.address
                return self
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        self.__exit__()
        raise SystemExit(f"{self._command[0]} does not serve, see {self._log}")

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def processor_seconds(self):
        return processor_seconds(self._process.pid)


def lqvg_server(out, decode, batch_seconds=0.0, image_seconds=0.0):
    environment = {"BENCH_DECODE": decode, "BENCH_BATCH_TIME": f"{batch_seconds}s", "BENCH_IMAGE_TIME": f"{image_seconds}s"}
    command = [BIN / "lqvg-bench-server", f"--model={ROOT / 'models/demo'}", "--listen=127.0.0.1:0",
               "--metrics-listen=127.0.0.1:0", "--max-concurrent-streams=10000", f"--max-batch-images={BATCH_IMAGES}",
               "--drain-delay=0s", "--image-cache-bytes=0", "--text-cache-bytes=0", "--response-cache-bytes=0"]
    return Server(command, r"ready: .*?grpc ([^,]+),", out / "lqvg.log", environment)


def triton_server(out, python, batch_seconds=0.0, image_seconds=0.0, queue_seconds=0.0):
    port = random.randrange(20000, 30000)
    command = [python, ROOT / "bench/triton/sleeping_model.py", "--grpc-port", port, "--http-port", port + 1,
               "--metrics-port", port + 2, "--batch-time", batch_seconds, "--image-time", image_seconds, "--max-batch",
               BATCH_IMAGES, "--queue-timeout", queue_seconds]
    server = Server(command, r"^ready$", out / "triton.log")
    server.address = f"127.0.0.1:{port}"
    return server


def load(server, protocol, out, pictures, *arguments):
    """The steps of a run of lqvg-load, each with the server's processor time per answered call of the whole run."""
    report = out / "load.json"
    before = server.processor_seconds()
    code = subprocess.run([BIN / "lqvg-load", "--server", server.address, "--protocol", protocol, "--quiet", "--json",
                           report, "--expression", "a ship", *map(str, arguments), *pictures],
                          stdout=subprocess.DEVNULL, check=False).returncode
    if code not in (0, 1):
        raise SystemExit(f"lqvg-load ended with {code}")
    used = server.processor_seconds() - before
    steps = json.loads(report.read_text())["steps"]
    answered = sum(step["ok"] for step in steps)
    for step in steps:
        # Warm-up calls use the processor too and are not counted: none here.
        step["server_seconds_per_call"] = used / answered if answered else None
    return steps


def make_pictures(folder, count, size):
    folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(1)
    paths = []
    for i in range(count):
        paths.append(folder / f"{size}_{i}")
        paths[-1].write_bytes(generator.randbytes(size))
    return paths


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
                    load(server, protocol, arguments.out, pictures, "-c", concurrency, "-d", "1s", "--warm-up", "0s")
                    step = load(server, protocol, arguments.out, pictures, "-c", concurrency, "-d",
                                f"{arguments.seconds}s", "--warm-up", "0s", "--channels", 1 + concurrency // 32)[0]
                rows.append({"server": name, "picture": size_name, "concurrency": concurrency, **step})
                print(overhead_row(rows[-1]), flush=True)
    subprocess.run([BIN / "lqvg-scenes", "--seed", "1", "--count", "4", "--size", "256x256", "--out",
                    arguments.out / "scenes"], check=True, stdout=subprocess.DEVNULL)
    scenes = sorted((arguments.out / "scenes").glob("*.png"))
    size_name = f"{sum(path.stat().st_size for path in scenes) // 4000} KB PNG, decoded"
    for concurrency in CONCURRENCIES:
        with lqvg_server(arguments.out, "real") as server:
            step = load(server, "lqvg", arguments.out, scenes, "-c", concurrency, "-d", f"{arguments.seconds}s", "--warm-up",
                        "0s", "--channels", 1 + concurrency // 32)[0]
        rows.append({"server": "lqvg-serve", "picture": size_name, "concurrency": concurrency, **step})
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
    flags = ["--rate", rates, "-d", f"{arguments.seconds}s", "--warm-up", "1s", "--timeout", TIMEOUT, "--channels", 4]
    runs = {}
    if arguments.triton:
        # Triton does not read the deadline of a call: the policy of its queue is told the same time.
        with triton_server(arguments.out, arguments.triton, BATCH_SECONDS, IMAGE_SECONDS,
                           float(TIMEOUT.removesuffix("ms")) / 1000) as server:
            runs["Triton"] = load(server, "oip", arguments.out, pictures, *flags)
        (arguments.out / "load.json").rename(arguments.out / "triton.json")
        flags += ["--beside", f"Triton={arguments.out / 'triton.json'}"]
    with lqvg_server(arguments.out, "none", BATCH_SECONDS, IMAGE_SECONDS) as server:
        runs["lqvg-serve"] = load(server, "lqvg", arguments.out, pictures, *flags, "--plot", arguments.out / "overload.svg")
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
    parser.add_argument("what", nargs="*", choices=["overhead", "overload", []], help="both, unless one is named")
    parser.add_argument("--triton", metavar="PYTHON", help="a Python with nvidia-pytriton")
    parser.add_argument("--seconds", type=float, default=5, help="of each step")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "out/bench")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    what, results = arguments.what or ["overhead", "overload"], {}
    if "overhead" in what:
        print("| Server | Picture | At a time | Requests/s | p50, ms | p99, ms | Server's processor time a call, us |\n"
              "| --- | --- | --- | --- | --- | --- | --- |")
        results["overhead"] = measure_overhead(arguments)
    if "overload" in what:
        results["overload"] = measure_overload(arguments)
        print_overload(results["overload"])
    (arguments.out / "serving.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
