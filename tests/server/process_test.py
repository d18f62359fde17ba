"""The server's process from outside: flags, ports, readiness, signals, exit codes.

Starts lqvg-fake-server, which is the real program around a fake model that stops where a test wants it to.
"""
import errno
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import sys
import time
import types
import urllib.request

import grpc
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LQVG_BUILD_DIR", ROOT / "build"))
SERVER = BUILD / "bin" / "lqvg-fake-server"
PICTURE = (ROOT / "docs" / "demo" / "scene.png").read_bytes()
PATIENCE_SECONDS = 30  # for what takes milliseconds on an idle machine
# Within which a process that has nothing to wait for is gone; below every delay that a test could mistake it for.
PROMPTLY_SECONDS = 4
STARTING, SERVING = 2, 1  # of grpc.health.v1: NOT_SERVING, SERVING


@pytest.fixture(scope="session")
def protos(tmp_path_factory):
    out = tmp_path_factory.mktemp("stubs")
    files = ["lqvg/v1/grounding.proto", "google/rpc/status.proto", "google/rpc/error_details.proto",
             "grpc/health/v1/health.proto"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"--python_out={out}", *files],
                   check=True)
    # `google` is a namespace that protobuf's own package has taken, and `grpc` is grpcio's: both find ours behind them.
    sys.path.append(str(out))
    import google.rpc
    google.rpc.__path__.append(str(out / "google" / "rpc"))
    grpc.__path__.append(str(out / "grpc"))
    from grpc.health.v1 import health_pb2
    from lqvg.v1 import grounding_pb2
    from google.rpc import error_details_pb2, status_pb2
    yield types.SimpleNamespace(health=health_pb2, grounding=grounding_pb2, status=status_pb2,
                                details=error_details_pb2)
    sys.path.remove(str(out))


def await_true(condition, what):
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what}")


class Gate:
    """A FIFO at which the fake model waits."""

    def __init__(self, path):
        self.path = path

    def close(self):
        os.mkfifo(self.path)

    def await_arrival(self):
        """Returns when the model waits there: a FIFO opens for writing when somebody reads."""

        def try_open():
            try:
                return os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                assert error.errno == errno.ENXIO
                return None

        self.writer = await_true(try_open, f"the model came to {self.path.name}")

    def open(self):
        """For who waits there and for all who come."""
        os.unlink(self.path)
        os.close(self.writer)


class Server:
    def __init__(self, protos, folder, flags, environment, **popen):
        self.protos = protos
        self.log_path = folder / "log"
        self.gates = {name: Gate(folder / name) for name in ("load", "ground", "unload")}
        paths = {f"FAKE_{name.upper()}_GATE": str(gate.path) for name, gate in self.gates.items()}
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("LQVG_", "OMP_", "GOMP_"))}
        self.arguments = [str(SERVER), f"--model={ROOT / 'models' / 'demo'}", "--listen=127.0.0.1:0",
                          "--metrics-listen=127.0.0.1:0", *flags]
        self.environment = {**inherited, **paths, **environment}
        self.popen = popen

    def start(self):
        with self.log_path.open("w") as log:
            self.process = subprocess.Popen(self.arguments, env=self.environment, stdout=log, stderr=log, **self.popen)
        return self

    def log(self):
        return self.log_path.read_text()

    def find(self, expression):
        """The groups of `expression` in the log, once it is there."""

        def look():
            found = re.search(expression, self.log())
            assert found or self.process.poll() is None, f"ended with {self.process.returncode}:\n{self.log()}"
            return found

        return await_true(look, expression).groups()

    def await_listening(self):
        (self.address,) = self.find(r"gRPC listens on (\S+:\d+)")
        (self.metrics_url,) = self.find(r"metrics at (\S+)")
        self.channel = grpc.insecure_channel(self.address)
        return self

    def await_ready(self):
        self.await_listening().find(r"(ready: )")
        return self

    def call(self, method, request, response_type):
        return self.channel.unary_unary(method, type(request).SerializeToString, response_type.FromString)

    def health(self, service=""):
        health = self.protos.health
        request = health.HealthCheckRequest(service=service)
        check = self.call("/grpc.health.v1.Health/Check", request, health.HealthCheckResponse)
        return check(request, timeout=PATIENCE_SECONDS).status

    def ground(self):
        """Begins a Ground call; its future."""
        grounding = self.protos.grounding
        request = grounding.GroundRequest(expressions=["the red ship"])
        request.image.encoded = PICTURE
        ground = self.call("/lqvg.v1.GroundingService/Ground", request, grounding.GroundResponse)
        return ground.future(request, timeout=PATIENCE_SECONDS)

    def reason_of(self, call):
        """(status code, ErrorInfo.reason) of a failed call."""
        error = call.exception(timeout=PATIENCE_SECONDS)
        packed = dict(error.trailing_metadata()).get("grpc-status-details-bin", b"")
        for detail in self.protos.status.Status.FromString(packed).details:
            info = self.protos.details.ErrorInfo()
            if detail.Unpack(info):
                return error.code(), info.reason
        return error.code(), None

    def scrape(self):
        return urllib.request.urlopen(self.metrics_url, timeout=PATIENCE_SECONDS).read().decode()

    def send(self, number):
        self.process.send_signal(number)

    def exit_code(self, seconds=PATIENCE_SECONDS):
        return self.process.wait(timeout=seconds)


@pytest.fixture
def make_server(protos, tmp_path):
    servers = []

    def make(*flags, environment=None, **popen):
        folder = tmp_path / str(len(servers))
        folder.mkdir()
        servers.append(Server(protos, folder, flags, environment or {}, **popen))
        return servers[-1]

    yield make
    for server in servers:
        if getattr(server, "process", None) and server.process.poll() is None:
            server.process.kill()
            server.process.wait()


def run(*arguments, **environment):
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("LQVG_")}
    return subprocess.run([SERVER, *arguments], env={**inherited, **environment}, capture_output=True, text=True,
                          timeout=PATIENCE_SECONDS)


def read_process(server, name):
    return pathlib.Path(f"/proc/{server.process.pid}/{name}").read_text()


def hold_a_batch(server):
    """A Ground call that the model has begun with and does not finish before the gate opens."""
    server.gates["ground"].close()
    call = server.ground()
    server.gates["ground"].await_arrival()
    return call


# --- Flags ---


def test_help_lists_flags_with_their_variables():
    result = run("--help")
    assert result.returncode == 0
    assert "--drain-delay" in result.stdout and "LQVG_DRAIN_DELAY" in result.stdout
    assert result.stderr == ""


def test_version_names_version_and_commit():
    result = run("--version")
    version = re.escape((ROOT / "VERSION").read_text().strip())
    assert result.returncode == 0
    assert re.fullmatch(rf"lqvg-fake-server {version}( [0-9a-f]{{12}}(-dirty)?)?\n", result.stdout)


def test_print_config_says_where_each_value_comes_from():
    result = run("--print-config", "--threads=3", LQVG_QUEUE_REQUESTS="7", LQVG_TYPO="1")
    assert result.returncode == 0
    assert re.search(r"^--threads=3 +# flag$", result.stdout, re.M)
    assert re.search(r"^--queue-requests=7 +# environment$", result.stdout, re.M)
    assert re.search(r"^--drain-timeout=25s +# default$", result.stdout, re.M)
    assert re.search(r"^--decode-threads=[1-9]\d* +# default$", result.stdout, re.M), "the number in force, not 0"
    assert "LQVG_TYPO" in result.stderr


@pytest.mark.parametrize("flags,words", [
    (["--drain-dely=5s"], "did you mean --drain-delay?"),
    (["--drain-delay=5"], "not a duration"),
    (["--max-request-bytes=65MiB"], "64KiB..64MiB"),
    (["--listen=0.0.0.0:0"], "--insecure"),
    (["--drain-delay=30s"], "--drain-timeout=25s"),
    (["stray"], "unexpected argument"),
])
def test_a_wrong_configuration_ends_with_2_and_says_why(flags, words):
    result = run(*flags)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_check_says_what_the_directory_holds():
    result = run("--check", f"--model={ROOT / 'models' / 'demo'}", "--model-name=mine")
    assert result.returncode == 0, result.stderr
    assert re.search(r"name +mine", result.stdout)
    assert re.search(r"digest +0{64}", result.stdout)


def test_check_fails_with_1_and_names_the_fault():
    result = run("--check", FAKE_LOAD_ERROR="model.safetensors: tensor class_embed.0.bias is missing")
    assert result.returncode == 1
    assert "tensor class_embed.0.bias is missing" in result.stderr


# --- Starting ---


def test_ports_are_open_and_not_serving_while_the_model_loads(make_server):
    server = make_server()
    server.gates["load"].close()
    server.start().await_listening()
    server.gates["load"].await_arrival()
    assert server.health() == server.health("lqvg.v1.GroundingService") == STARTING
    assert server.health("lqvg.liveness") == SERVING
    assert "lqvg_build_info" in server.scrape()
    assert server.reason_of(server.ground()) == (grpc.StatusCode.UNAVAILABLE, "MODEL_LOADING")
    server.gates["load"].open()
    server.find(r"(ready: )")
    assert server.health() == server.health("lqvg.v1.GroundingService") == SERVING
    assert len(server.ground().result().results) == 1


def test_the_ready_line_says_what_is_served_where(make_server):
    server = make_server("--model-name=mine", "--threads=2").start().await_ready()
    line = r"ready: grpc (\S+), metrics (\S+), model mine \(0{12}\.\.\.\), cpu, 2 threads, loaded in \d+\.\d s"
    grpc_address, metrics_address = server.find(line)
    assert grpc_address == server.address
    assert server.metrics_url == f"http://{metrics_address}/metrics"
    assert 'lqvg_model_info{device="cpu",digest="' + "0" * 64 + '",name="mine",precision="fp32"} 1' in server.scrape()


def test_a_model_that_does_not_load_ends_with_1_and_one_line_that_says_why(make_server):
    server = make_server(environment={"FAKE_LOAD_ERROR": "config.json: num_queries is missing"}).start()
    assert server.exit_code() == 1
    lines = [line for line in server.log().splitlines() if "error" in line]
    assert len(lines) == 1 and "config.json: num_queries is missing" in lines[0], server.log()


def test_a_missing_model_directory_ends_with_1_and_is_named(make_server, tmp_path):
    server = make_server(f"--model={tmp_path / 'nowhere'}").start()
    assert server.exit_code() == 1
    assert "nowhere" in server.log()


@pytest.mark.parametrize("flag", ["--listen", "--metrics-listen"])
def test_a_taken_port_ends_with_1_and_is_named(make_server, flag):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        server = make_server(f"{flag}={address}").start()
        assert server.exit_code() == 1
    assert re.search(f"error .*{address}", server.log()), server.log()


def test_two_servers_do_not_share_a_port(make_server):
    first = make_server().start().await_ready()
    second = make_server(f"--listen={first.address}").start()
    assert second.exit_code() == 1


def test_openmp_threads_are_told_to_sleep(make_server):
    server = make_server().start().await_ready()
    assert "OMP_WAIT_POLICY=PASSIVE" in read_process(server, "environ").split("\0")
    # For that it has started again: under its own name, which the kernel cuts, and with its arguments.
    assert read_process(server, "comm") == "lqvg-fake-serve\n"
    assert read_process(server, "cmdline").split("\0")[:-1] == server.arguments


def test_the_operators_choice_of_waiting_is_kept(make_server):
    server = make_server(environment={"OMP_WAIT_POLICY": "ACTIVE"}).start().await_ready()
    assert "OMP_WAIT_POLICY=ACTIVE" in read_process(server, "environ").split("\0")


def test_the_limit_of_open_files_is_raised(make_server):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    server = make_server(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)))
    server.start().await_ready()
    limit = re.search(r"^process_max_fds (\S+)$", server.scrape(), re.M)
    assert float(limit.group(1)) == float(hard)


# --- Serving ---


def test_calls_are_counted(make_server):
    server = make_server().start().await_ready()
    server.ground().result()
    text = server.scrape()
    assert 'lqvg_requests_total{code="OK",method="Ground",reason=""} 1' in text
    assert 'lqvg_request_duration_seconds_count{method="Ground"} 1' in text
    assert "lqvg_batch_expressions_sum 1" in text
    assert "lqvg_inflight_requests 0" in text


def test_json_logs_are_one_object_a_line_and_hold_no_expression(make_server):
    server = make_server("--log-format=json", "--log-level=debug").start().await_listening()
    server.find(r"(ready: )")
    server.ground().result()
    server.send(signal.SIGINT)
    assert server.exit_code() == 0
    lines = [json.loads(line) for line in server.log().splitlines()]
    call = next(line for line in lines if line["msg"] == "call")
    assert call["level"] == "debug" and call["code"] == "OK" and call["expressions"] == 1
    assert "red ship" not in server.log()


def test_sighup_is_noted_and_the_server_goes_on(make_server):
    server = make_server().start().await_ready()
    server.send(signal.SIGHUP)
    server.find(r"(SIGHUP)")
    assert len(server.ground().result().results) == 1


def test_a_client_that_leaves_does_not_end_the_server(make_server):
    server = make_server().start().await_ready()
    call = hold_a_batch(server)
    call.cancel()
    server.channel.close()
    server.gates["ground"].open()
    server.channel = grpc.insecure_channel(server.address)
    assert len(server.ground().result().results) == 1


# --- Stopping ---


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_with_0(make_server, number):
    server = make_server("--drain-delay=0s").start().await_ready()
    server.send(number)
    assert server.exit_code(PROMPTLY_SECONDS) == 0
    assert "stopped" in server.log()


def test_sigterm_keeps_serving_unready_for_the_delay(make_server):
    server = make_server("--drain-delay=20s").start().await_ready()
    server.send(signal.SIGTERM)
    server.find(r"(SIGTERM: stopping)")
    await_true(lambda: server.health() == STARTING, "NOT_SERVING")
    assert server.health("lqvg.liveness") == SERVING
    assert len(server.ground().result().results) == 1
    assert server.process.poll() is None


def test_sigint_skips_the_delay(make_server):
    server = make_server("--drain-delay=20s").start().await_ready()
    server.send(signal.SIGINT)
    assert server.exit_code(PROMPTLY_SECONDS) == 0


def test_what_is_inside_is_finished_and_what_comes_is_refused(make_server):
    server = make_server("--drain-delay=0s").start().await_ready()
    inside = hold_a_batch(server)
    server.send(signal.SIGTERM)
    await_true(lambda: server.health() == STARTING, "NOT_SERVING")
    server.find(r"(refusing new calls)")
    assert server.reason_of(server.ground()) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
    server.gates["ground"].open()
    assert len(inside.result().results) == 1
    assert server.exit_code() == 0


def test_what_does_not_finish_in_time_is_answered_shutting_down(make_server):
    server = make_server("--drain-delay=0s", "--drain-timeout=200ms").start().await_ready()
    inside = hold_a_batch(server)
    server.send(signal.SIGTERM)
    assert server.reason_of(inside) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
    assert server.exit_code(PROMPTLY_SECONDS) == 0, "although the model still runs"


def test_a_second_signal_ends_at_once_with_1_when_calls_are_cut_off(make_server):
    server = make_server("--drain-delay=20s").start().await_ready()
    inside = hold_a_batch(server)
    server.send(signal.SIGTERM)
    server.find(r"(SIGTERM: stopping)")
    server.send(signal.SIGINT)
    assert server.exit_code(PROMPTLY_SECONDS) == 1
    assert "calls_cut_off=1" in server.log()
    assert inside.exception(timeout=PATIENCE_SECONDS).code() == grpc.StatusCode.UNAVAILABLE


def test_a_second_signal_ends_at_once_with_0_when_nothing_is_lost(make_server):
    server = make_server("--drain-delay=20s").start().await_ready()
    server.send(signal.SIGTERM)
    server.find(r"(SIGTERM: stopping)")
    server.send(signal.SIGTERM)
    assert server.exit_code(PROMPTLY_SECONDS) == 0


def test_a_stop_while_the_model_loads_does_not_wait_for_it(make_server):
    server = make_server("--drain-delay=20s")
    server.gates["load"].close()
    server.start().await_listening()
    server.gates["load"].await_arrival()
    server.send(signal.SIGTERM)
    assert server.exit_code(PROMPTLY_SECONDS) == 0
    assert "ready: " not in server.log()


def test_a_teardown_that_hangs_is_ended_with_1(make_server):
    server = make_server("--drain-delay=0s", "--drain-timeout=0s")
    server.gates["unload"].close()
    server.start().await_ready()
    server.send(signal.SIGTERM)
    assert server.exit_code() == 1
    assert "stopping took too long" in server.log()


def test_an_open_health_watch_does_not_hold_the_server(make_server):
    server = make_server("--drain-delay=0s").start().await_ready()
    health = server.protos.health
    watch = server.channel.unary_stream("/grpc.health.v1.Health/Watch", health.HealthCheckRequest.SerializeToString,
                                        health.HealthCheckResponse.FromString)(health.HealthCheckRequest())
    assert next(watch).status == SERVING
    server.send(signal.SIGTERM)
    assert server.exit_code(PROMPTLY_SECONDS) == 0


def test_an_idle_client_does_not_hold_the_server(make_server):
    server = make_server("--drain-delay=0s").start().await_ready()
    server.ground().result()  # from now on nobody reads the channel's connection for some seconds
    server.send(signal.SIGTERM)
    assert server.exit_code(PROMPTLY_SECONDS) == 0


def test_it_starts_and_stops_many_times(make_server):
    for _ in range(10):
        server = make_server("--drain-delay=0s").start().await_ready()
        server.send(signal.SIGTERM)
        assert server.exit_code(PROMPTLY_SECONDS) == 0, server.log()
