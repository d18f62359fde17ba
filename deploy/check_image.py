"""Checks what the image of the CPU promises, at rest and as a container. deploy/test-image.sh calls it.

usage: check_image.py ROOT IMAGE.json: the unpacked file system, and what `buildah inspect` says of the image
Runs as root in a network namespace whose loopback interface is up; needs crun and nothing beyond Python's library.
"""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from container_config import container_config

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
MOST_BYTES = 900_000_000
USER = 65532
READY_SECONDS = 120
STOP_SECONDS = 40  # what a compose file or an orchestrator should allow
EXPRESSIONS = ["the red ship", "the swimming pool"]
BUILD_TOOLS = ("gcc g++ cc c++ cpp ld as make cmake ninja ccache git pip pip3 python3 protoc curl wget").split()

failures = []


def check(what, holds, found=""):
    print(f"image: {'ok  ' if holds else 'FAIL'} {what}" + ("" if holds else f": {found}"), flush=True)
    if not holds:
        failures.append(what)


def check_description(image):
    config = image["config"]
    labels = config.get("Labels") or {}
    check("runs as a user that is not root's", config.get("User") == f"{USER}:{USER}", config.get("User"))
    check("the entry point is the server, without a shell", config.get("Entrypoint") == ["lqvg-server"],
          config.get("Entrypoint"))
    check("stops by SIGTERM", config.get("StopSignal") == "SIGTERM", config.get("StopSignal"))
    ports = set(config.get("ExposedPorts") or {})
    check("exposes gRPC and metrics", ports == {"50051/tcp", "9464/tcp"}, ports)
    test = (config.get("Healthcheck") or {}).get("Test")
    check("its health check is lqvg health, without a shell", test and test[:3] == ["CMD", "lqvg", "health"], test)
    version = (REPOSITORY / "VERSION").read_text().strip()
    found = {name: labels.get(f"org.opencontainers.image.{name}") for name in
             ("title", "description", "source", "version", "revision", "licenses")}
    check("carries the labels of OCI", found["title"] == "lqvg-serve" and found["description"] and
          found["source"] is not None and found["version"] == version and found["revision"] and
          found["licenses"] == "Apache-2.0", found)


def hosts_of_this_machine():
    """Names of the mirrors and indexes that this machine's apt and pip use, and that are nobody else's."""
    texts = [subprocess.run(command, capture_output=True, text=True).stdout for command in
             (["apt-get", "indextargets", "--format", "$(REPO_URI)"],
              ["/usr/bin/python3", "-m", "pip", "config", "list"])]
    hosts = set(re.findall(r"https?://(?:[^/@\s']*@)?([^/:\s']+)", "\n".join(texts)))
    return {host for host in hosts if not host.endswith((".debian.org", "pypi.org", ".pythonhosted.org"))}


def check_files(root, image):
    found = [os.lstat(os.path.join(folder, name)) for folder, _, names in os.walk(root) for name in names]
    size = sum({file.st_ino: file.st_size for file in found}.values())  # a file of several names once
    print(f"image:      {size / 1e6:.0f} MB unpacked")
    check(f"is not larger than {MOST_BYTES / 1e6:.0f} MB", size <= MOST_BYTES, size)
    path = ":".join(str(root / folder) for folder in ("usr/local/bin", "usr/bin", "usr/sbin"))
    tools = [tool for tool in BUILD_TOOLS if shutil.which(tool, path=path)]
    check("holds no compiler, no pip, no tool of the build", not tools, tools)
    leftovers = [str(found.relative_to(root)) for pattern in
                 ("usr/include/*", "usr/lib/**/*.a", "src", "install", "tools", "var/lib/apt/lists/*", "root/.cache",
                  "etc/pip.conf", "usr/local/share/ca-certificates/*", "etc/apt/ca.crt",
                  "etc/apt/apt.conf.d/99image-build", "usr/lib/lqvg-serve/**/*cuda.so*") for found in root.glob(pattern)]
    check("holds nothing that building left, and nothing of CUDA's", not leftovers, leftovers)
    hosts = hosts_of_this_machine()
    texts = [json.dumps(image)] + [file.read_text(errors="replace") for folder in ("etc", "root", "var/log")
                                   for file in (root / folder).rglob("*") if file.is_file() and not file.is_symlink()]
    named = sorted(host for host in hosts if any(host in text for text in texts))
    check(f"names none of this machine's {len(hosts)} package mirrors", not named, f"{len(named)} of them")


class Container:
    """The image, running under crun."""

    def __init__(self, folder, config):
        self.folder = pathlib.Path(folder)
        self.name = f"lqvg-image-test-{os.getpid()}-{self.folder.name}"
        (self.folder / "config.json").write_text(json.dumps(config))
        with (self.folder / "log").open("w") as log:
            self.process = subprocess.Popen(["crun", "--cgroup-manager=disabled", "run", "--bundle", folder, self.name],
                                            stdout=log, stderr=log)

    def log(self):
        return (self.folder / "log").read_text()

    def run(self, *command):
        return subprocess.run(["crun", "exec", self.name, *command], capture_output=True, text=True, timeout=60)

    def await_true(self, what, condition):
        give_up = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                sys.exit(f"image: the container ended with {self.process.returncode}:\n{self.log()}")
            if condition():
                return
            time.sleep(0.1)
        sys.exit(f"image: not within {READY_SECONDS} s: {what}\n{self.log()}")

    def main_process(self):
        """The /proc folder of the container's first process."""
        state = json.loads(subprocess.run(["crun", "state", self.name], capture_output=True, check=True).stdout)
        return pathlib.Path("/proc") / str(state["pid"])

    def stop(self):
        """Sends SIGTERM; the exit code, and the seconds that it took."""
        begun = time.monotonic()
        subprocess.run(["crun", "kill", self.name, "TERM"], check=True)
        return self.process.wait(timeout=STOP_SECONDS), time.monotonic() - begun


@contextlib.contextmanager
def running(root, image, **options):
    with tempfile.TemporaryDirectory(prefix="lqvg-") as folder:
        container = Container(folder, container_config(root, image["config"], **options))
        try:
            yield container
        finally:
            subprocess.run(["crun", "delete", "--force", container.name], capture_output=True)
            container.process.wait()


def check_loading(root, image):
    """A model whose file is a pipe that nobody writes: the server cannot become ready."""
    health = image["config"]["Healthcheck"]["Test"][1:]
    with tempfile.TemporaryDirectory() as model:
        os.chmod(model, 0o755)
        for name in ("config.json", "model.safetensors", "vocab.json", "merges.txt"):
            os.mkfifo(f"{model}/{name}", 0o644)
        with running(root, image, environment=["LQVG_MODEL=/models/endless"],
                     mounts=[(model, "/models/endless")]) as container:
            container.await_true("the ports are open", lambda: "not serving before" in container.log())
            answer = container.run(*health)
            check("the health check fails while the model loads", answer.returncode == 4 and
                  "NOT_SERVING" in answer.stdout, answer)


def check_process(container, root):
    process = container.main_process()
    status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
    check("the first process is the server itself", status["NSpid"].split()[-1] == "1" and
          os.path.samefile(process / "exe", root / "usr/bin/lqvg-server"), os.readlink(process / "exe"))
    check("runs as that user, in that group alone", status["Uid"].split() == [str(USER)] * 4 and
          status["Gid"].split() == [str(USER)] * 4 and not status["Groups"].split(), status)
    check("has no capability and cannot gain one", all(int(status[name], 16) == 0 for name in
          ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")) and status["NoNewPrivs"] == "1", status)
    touched = container.run("touch", "/usr/written", "/written")
    check("works on a root file system that is read-only", touched.returncode != 0 and
          "Read-only file system" in touched.stderr, touched)
    sockets = subprocess.run(["ss", "-Hltn"], capture_output=True, text=True).stdout
    listening = {line.split()[3] for line in sockets.splitlines()}
    # "*": all of IPv6 and IPv4, which gRPC makes of 0.0.0.0.
    check("listens on all interfaces of the container", listening == {"*:50051", "0.0.0.0:9464"}, listening)


def check_serving(root, image):
    health = image["config"]["Healthcheck"]["Test"][1:]
    with running(root, image, mounts=[(REPOSITORY / "docs" / "demo", "/pictures")]) as container:
        container.await_true("ready", lambda: container.run(*health).returncode == 0)
        check("the health check succeeds when the model is loaded", True)
        check_process(container, root)
        answer = container.run("lqvg", "ground", "/pictures/scene.png", *EXPRESSIONS, "--json")
        boxes = re.findall(r'"score"', answer.stdout)
        check("grounds expressions in a picture", answer.returncode == 0 and len(boxes) == len(EXPRESSIONS), answer)
        metrics = urllib.request.urlopen("http://127.0.0.1:9464/metrics", timeout=10).read().decode()
        check("counts the call in its metrics",
              re.search(r'lqvg_requests_total\{[^}]*code="OK"[^}]*method="Ground"[^}]*\} 1\b', metrics),
              re.findall("lqvg_requests_total.*", metrics))
        try:
            code, seconds = container.stop()
            check(f"SIGTERM ends it with exit code 0 in {seconds:.0f} s", code == 0, f"{code}\n{container.log()}")
        except subprocess.TimeoutExpired:
            check(f"SIGTERM ends it within {STOP_SECONDS} s", False, container.log())
    with running(root, image, environment=["LQVG_LISTEN=nonsense"]) as container:
        code = container.process.wait(timeout=60)
        check("a wrong configuration ends it with exit code 2", code == 2, f"{code}\n{container.log()}")


def main(root, image_file):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    image = json.loads(pathlib.Path(image_file).read_text())["Docker"]
    check_description(image)
    check_files(pathlib.Path(root), image)
    check_loading(root, image)
    check_serving(pathlib.Path(root), image)
    if failures:
        sys.exit(f"image: {len(failures)} checks FAILED")
    print("image: every check passed")


main(*sys.argv[1:])
