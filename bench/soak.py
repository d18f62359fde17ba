#!/usr/bin/env python3
"""Hours of mixed load, and what must hold after them:

    bench/soak.py [--minutes 2] [--seed 1] [--out out/soak]        (make soak MINUTES=480)

Half of the time against lqvg-server with the demo model, whose right answers are known; half against lqvg-bench-server, whose
model only sleeps, so that far more calls pass. In each half, for three quarters one server stands under: calls of several
sizes with deadlines of 50 ms to 5 s, a quarter of them by the Open Inference Protocol, callers that cancel, connections that
break, clients that are killed, and pictures that are none; its caches are small. In the last quarter servers are stopped by
SIGTERM under load and started again.

Fails unless: no answer is another call's; at least 75 % of the demo model's answers are right; bad pictures get
INVALID_ARGUMENT and nothing ever gets INTERNAL, UNKNOWN or NOT_FOUND; when the load has gone every call that the server received is
answered, and nothing is in flight; no call past its deadline was run; memory grows by less than 64 MiB over the last half
of the time; every stop ends with exit code 0. Prints the figures, and writes OUT/soak.json.
"""

import argparse
import collections
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.get("LQVG_BINARY_DIR", ROOT / "build" / "bin"))
READY_SECONDS, STOP_SECONDS, QUIET_SECONDS = 120, 60, 30
BURST = "5s"  # one run of lqvg-load
RIGHT_FLOOR = 0.75
MOST_GROWTH = 64 << 20  # bytes
# So that they are full soon, and entries come and go.
SMALL_CACHES = ("--image-cache-bytes=16MiB", "--text-cache-bytes=64KiB", "--response-cache-bytes=64KiB")
FORBIDDEN = ("INTERNAL", "UNKNOWN", "UNIMPLEMENTED", "DATA_LOSS", "NOT_FOUND")


class Server:
    def __init__(self, program, out, environment):
        self.log = out / f"{program}.log"
        command = [BIN / program, f"--model={ROOT / 'models/demo'}", "--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0",
                   "--model-name=lqvg", "--drain-delay=500ms", "--drain-timeout=20s", *SMALL_CACHES]
        with self.log.open("w") as log:
            self.process = subprocess.Popen([str(word) for word in command], stdout=log, stderr=log,
                                            env={**os.environ, **environment})
        give_up = time.monotonic() + READY_SECONDS
        while not (found := re.search(r"ready: .*?grpc ([^,]+), metrics ([^,]+),", self.log.read_text())):
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise SystemExit(f"{program} does not serve, see {self.log}")
            time.sleep(0.05)
        self.address, self.metrics_address = found.groups()

    def metric(self, name, label=""):
        """The sum over a metric's series, or over those with that label."""
        with urllib.request.urlopen(f"http://{self.metrics_address}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(rf"{name}[ {{]", line) and label in line)

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE).group(1)) * 1024

    def stop(self):
        """The exit code after SIGTERM."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return f"none within {STOP_SECONDS} s"


class Findings:
    """What the threads of a soak found; any of them may add."""

    def __init__(self):
        self._lock = threading.Lock()
        self.faults = []
        self.statuses = collections.Counter()
        self.counts = collections.Counter()
        self.slowest = {}

    def fault(self, text):
        with self._lock:
            self.faults.append(text)

    def count(self, **counts):
        with self._lock:
            self.counts.update(counts)

    def take(self, step, allowed=None):
        """The figures of a run of lqvg-load, and what in them is wrong."""
        with self._lock:
            self.statuses.update(step["statuses"])
            self.counts.update(sent=step["sent"], ok=step["ok"], given_up=step["given_up"],
                               known=step["answers"]["known"], right=step["answers"]["right"])
            for name in ("p50", "p99", "p99_9"):
                if step["latency_seconds"][name] is not None:
                    self.slowest[name] = max(self.slowest.get(name, 0), step["latency_seconds"][name])
            if crossed := step["answers"]["crossed"]:
                self.faults.append(f"{crossed} answers belong to other calls")
            for status, count in step["statuses"].items():
                code = status.split()[0]
                if code in FORBIDDEN or allowed and code not in allowed:
                    self.faults.append(f"{count} calls ended with {status}: {step['messages'].get(status)}")


def bad_pictures(out, generator):
    """Files that no server may take for a picture, made from one that it would."""
    subprocess.run([BIN / "lqvg-scenes", "--seed", "9", "--count", "1", "--size", "128x128", "--out", out / "scene"],
                   check=True, stdout=subprocess.DEVNULL)
    whole = next((out / "scene").glob("*.png")).read_bytes()
    middle = len(whole) // 2
    contents = [whole[:middle], whole[:40], whole[8:], generator.randbytes(5000),
                whole[:middle] + bytes([whole[middle] ^ 0xff]) + whole[middle + 1:]]
    paths = []
    for i, content in enumerate(contents):
        paths.append(out / f"bad_{i}")
        paths[-1].write_bytes(content)
    return paths


class Load:
    """Everything that a server stands under, each kind on a thread of its own, until `end`."""

    def __init__(self, server, out, seed, findings, end, scenes_are_known):
        self._server, self._out, self._findings, self._end = server, out, findings, end
        self._seed, self._scenes_are_known = seed, scenes_are_known
        self._threads = [threading.Thread(target=work) for work in (self._mixed, self._bad, self._killed)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for thread in self._threads:
            thread.join()

    def lasts(self):
        return any(thread.is_alive() for thread in self._threads)

    def _run(self, name, *arguments, allowed=None):
        report = self._out / f"{name}.json"
        report.unlink(missing_ok=True)
        command = [BIN / "lqvg-load", "--server", self._server.address, "--quiet", "--warm-up", "0s", "--json", report]
        done = subprocess.run([*map(str, command), *map(str, arguments)], capture_output=True, text=True, check=False)
        if report.exists():
            self._findings.take(json.loads(report.read_text())["steps"][0], allowed)
        elif self._server.process.poll() is None and done.returncode != 4:  # 4: it is just being stopped
            self._findings.fault(f"lqvg-load ended with {done.returncode}: {done.stderr}")

    def _mixed(self):
        for turn in range(10**9):
            if time.monotonic() > self._end:
                return
            sizes = "128:2,256:4,320x200:2,512:1" if self._scenes_are_known else "128:3,160x300:1"
            self._run("mixed", "-c", 6, "-d", BURST, "--scenes", 20, "--seed", self._seed + turn, "--size", sizes, "--zipf", 1,
                      "--expressions", "rsvg-hr", "--timeout", "50ms..5s", "--cancel", 0.1, "--kill", 0.05,
                      "--give-up-within", "300ms", "--channels", 2, "--protocol", "oip" if turn % 4 == 3 else "lqvg")

    def _bad(self):
        pictures = bad_pictures(self._out, random.Random(self._seed))
        while time.monotonic() < self._end:
            self._run("bad", "-c", 1, "-n", 20, "-d", BURST, "--expression", "a ship", *pictures,
                      allowed=("INVALID_ARGUMENT", "UNAVAILABLE"))
            time.sleep(0.5)

    def _killed(self):
        generator = random.Random(self._seed)
        while time.monotonic() < self._end:
            with subprocess.Popen([BIN / "lqvg-load", "--server", self._server.address, "--quiet", "-c", "4", "--scenes", "4",
                                   "--size", "128", "--warm-up", "0s"], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as client:
                time.sleep(generator.uniform(0.1, 2))
                client.kill()
            self._findings.count(killed_clients=1)
            time.sleep(1)


def slope(points):
    """Of the least-squares line through (seconds, bytes), bytes per second."""
    if len(points) < 2:
        return 0.0
    mean_t, mean_y = (sum(point[i] for point in points) / len(points) for i in (0, 1))
    spread = sum((t - mean_t) ** 2 for t, _ in points)
    return sum((t - mean_t) * (y - mean_y) for t, y in points) / spread if spread else 0.0


def stand(server, findings, load):
    """Watches the memory while the load lasts, then what must be so once it has gone."""
    begin, memory = time.monotonic(), []
    with load:
        while load.lasts():
            if server.process.poll() is not None:
                findings.fault(f"the server ended by itself with {server.process.returncode}, see {server.log}")
                return memory
            memory.append((time.monotonic() - begin, server.resident_bytes()))
            time.sleep(0.5)
    give_up = time.monotonic() + QUIET_SECONDS
    while (left := server.metric("lqvg_inflight_requests")) and time.monotonic() < give_up:
        time.sleep(0.1)
    received = server.metric("lqvg_requests_received_total")
    answered = sum(server.metric("lqvg_requests_total", f'method="{method}"') for method in ("Ground", "ModelInfer"))
    findings.count(received=int(received), answered=int(answered))
    if left or received != answered:
        findings.fault(f"{received:.0f} calls were received, {answered:.0f} answered, {left:.0f} are in flight")
    if late := server.metric("lqvg_expired_executed_total"):
        findings.fault(f"{late:.0f} calls were run past their deadline")
    return memory


def soak(program, environment, scenes_are_known, seconds, seed, out):
    out.mkdir(parents=True, exist_ok=True)
    findings, generator = Findings(), random.Random(seed)
    begin = time.monotonic()
    server = Server(program, out, environment)
    memory = stand(server, findings,
                   Load(server, out, seed, findings, begin + 0.75 * seconds, scenes_are_known))
    if (code := server.stop()) != 0:
        findings.fault(f"a stop without load ended with exit code {code}")
    while time.monotonic() < begin + seconds:
        server = Server(program, out, environment)
        with Load(server, out, seed, findings, time.monotonic() + 1, scenes_are_known):
            time.sleep(generator.uniform(0.5, 4))
            if (code := server.stop()) != 0:
                findings.fault(f"a stop under load ended with exit code {code}")
        findings.count(stops=1)

    late_half = [point for point in memory if point[0] > memory[-1][0] / 2] if memory else []
    per_second = slope(late_half)
    growth = per_second * (late_half[-1][0] - late_half[0][0]) if late_half else 0
    if growth > MOST_GROWTH:
        findings.fault(f"memory grew by {growth / 2**20:.0f} MiB in the last half")
    counts = findings.counts
    right = counts["right"] / counts["known"] if counts["known"] else None
    if scenes_are_known and (right is None or right < RIGHT_FLOOR):
        findings.fault(f"{counts['right']} of {counts['known']} answers are right")
    return {"program": program, "seconds": round(time.monotonic() - begin), "counts": dict(counts),
            "statuses": dict(findings.statuses), "right": right, "slowest_burst_seconds": findings.slowest,
            "memory": {"bytes": memory[-1][1] if memory else None, "slope_mib_per_hour": per_second * 3600 / 2**20,
                       "growth_in_last_half_mib": growth / 2**20},
            "faults": findings.faults}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "out/soak")
    arguments = parser.parse_args()
    halves = (("lqvg-server", {}, True), ("lqvg-bench-server", {"BENCH_BATCH_TIME": "2ms", "BENCH_IMAGE_TIME": "1ms"}, False))
    results = []
    for program, environment, scenes_are_known in halves:
        results.append(soak(program, environment, scenes_are_known, arguments.minutes * 30, arguments.seed,
                            arguments.out / program))
        print(json.dumps(results[-1], indent=1), flush=True)
    (arguments.out / "soak.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    faults = [fault for result in results for fault in result["faults"]]
    for fault in faults:
        print(f"soak: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
