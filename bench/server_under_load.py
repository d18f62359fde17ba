"""A server that is measured, and the load on it: what the modes of serving_bench.py share."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BIN = pathlib.Path(os.environ.get("LQVG_BINARY_DIR", ROOT / "build" / "bin"))
READY_SECONDS = 120
NO_CACHES = ("--image-cache-bytes=0", "--text-cache-bytes=0", "--response-cache-bytes=0")


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


def load(server, protocol, out, *arguments):
    """The steps of a run of lqvg-load, each with the server's processor time per answered call of the whole run."""
    report = out / "load.json"
    before = server.processor_seconds()
    code = subprocess.run([BIN / "lqvg-load", "--server", server.address, "--protocol", protocol, "--quiet", "--json", report,
                           *map(str, arguments)], stdout=subprocess.DEVNULL, check=False).returncode
    if code not in (0, 1):
        raise SystemExit(f"lqvg-load ended with {code}")
    used = server.processor_seconds() - before
    steps = json.loads(report.read_text())["steps"]
    answered = sum(step["ok"] for step in steps)
    for step in steps:
        # Warm-up calls use the processor too and are not counted: none here.
        step["server_seconds_per_call"] = used / answered if answered else None
    return steps
