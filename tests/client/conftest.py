"""The real `lqvg` and `lqvg-eval` against a server that says what a test tells it to: canned answers, errors, held calls."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import threading

import grpc
import pytest
from google.protobuf import any_pb2

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("LQVG_BINARY_DIR", ROOT / "build" / "bin"))
LONGEST_RUN_S = 60  # a test that takes longer hangs

# grpc.health.v1 on the wire, field 1 = status. Its generated module would lie inside the installed grpc package.
HEALTH = {"UNKNOWN": b"", "SERVING": b"\x08\x01", "NOT_SERVING": b"\x08\x02"}


@pytest.fixture(scope="session")
def messages(tmp_path_factory):
    """The generated messages of the contract, and google.rpc's, as one namespace."""
    out = tmp_path_factory.mktemp("messages")
    protos = ["lqvg/v1/grounding.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"--python_out={out}", *protos],
                   check=True)
    sys.path.insert(0, str(out))
    from google.rpc import error_details_pb2, status_pb2
    from lqvg.v1 import grounding_pb2

    class Messages:
        v1, status, details = grounding_pb2, status_pb2, error_details_pb2

    return Messages


class ScriptedServer:
    """Answers Ground by `script(request, context)`, an item of a GroundStream by the fields that `stream_script` gives.

    It remembers what it was asked. `released` lets held calls go.
    """

    def __init__(self, messages, credentials=None):
        self._messages = messages
        self.script = self.answer
        self.stream_script = lambda request, context: {"response": self.answer(request, context)}
        self.requests = []
        self.timeouts = []  # of the items of streams, seconds
        self.metadata = {}
        self.max_expressions = 32
        self.health = ["SERVING"]
        self.released = threading.Event()
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(16),
                                   options=[("grpc.max_receive_message_length", -1)])
        v1 = messages.v1
        unary = grpc.unary_unary_rpc_method_handler
        self._server.add_generic_rpc_handlers((
            grpc.method_handlers_generic_handler("lqvg.v1.GroundingService", {
                "Ground": unary(self._ground, v1.GroundRequest.FromString, v1.GroundResponse.SerializeToString),
                "GroundStream": grpc.stream_stream_rpc_method_handler(
                    self._ground_stream, v1.GroundStreamRequest.FromString, v1.GroundStreamResponse.SerializeToString),
                "GetModel": unary(self._get_model, v1.GetModelRequest.FromString,
                                  v1.GetModelResponse.SerializeToString)}),
            grpc.method_handlers_generic_handler("grpc.health.v1.Health", {
                "Check": unary(self._check), "Watch": grpc.unary_stream_rpc_method_handler(self._watch)}),
        ))
        listen = "127.0.0.1:0"
        port = (self._server.add_secure_port(listen, credentials) if credentials
                else self._server.add_insecure_port(listen))
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def stop(self):
        self.released.set()
        self._server.stop(grace=None).wait()

    def answer(self, request, context):
        """One box per expression: 10 pixels further right for each, score 0.9."""
        v1 = self._messages.v1
        results = [v1.Result(boxes=[v1.Box(x_min=20 + 10 * i, y_min=30, x_max=70 + 10 * i, y_max=60, score=0.9)])
                   for i in range(len(request.expressions))]
        return v1.GroundResponse(results=results, image_width=100, image_height=80,
                                 request_id=request.request_id or "made-1")

    def refuse(self, code, reason="", message="because", violations=()):
        """A script that fails every call, as the contract says that failures look."""
        details = self._messages.details
        status = self.status_of(code, reason, message)
        if violations:
            fields = [details.BadRequest.FieldViolation(field=f, description=d) for f, d in violations]
            self._add(status, details.BadRequest(field_violations=fields))

        def fail(request, context):
            trailers = [("x-request-id", "made-2")]
            if reason:
                trailers.append(("grpc-status-details-bin", status.SerializeToString()))
            context.set_trailing_metadata(trailers)
            context.abort(code, message)

        return fail

    def status_of(self, code, reason="", message="because"):
        """A google.rpc.Status of such a failure."""
        status = self._messages.status.Status(code=code.value[0], message=message)
        if reason:
            self._add(status, self._messages.details.ErrorInfo(reason=reason, domain="lqvg"))
        return status

    def only_for(self, encoded, script):
        """`script` for calls with that picture; the others are answered."""
        return lambda request, context: (script if request.image.encoded == encoded else self.answer)(request, context)

    def hold(self, request, context):
        """A script that answers only once `released` is set."""
        self.released.wait(LONGEST_RUN_S)
        return self.answer(request, context)

    @staticmethod
    def _add(status, message):
        packed = any_pb2.Any()
        packed.Pack(message)
        status.details.append(packed)

    def _ground(self, request, context):
        self.requests.append(request)
        self.metadata = dict(context.invocation_metadata())
        return self.script(request, context)

    def _ground_stream(self, items, context):
        for sequence, item in enumerate(items):
            self.requests.append(item.request)
            self.timeouts.append(item.timeout.ToNanoseconds() / 1e9)
            answer = {"sequence": sequence, **self.stream_script(item.request, context)}
            yield self._messages.v1.GroundStreamResponse(**answer)

    def _get_model(self, request, context):
        v1 = self._messages.v1
        return v1.GetModelResponse(
            model=v1.ModelId(name="demo", digest="ab" * 32), input_size=640, num_queries=10, device="cpu",
            precision="fp32", limits=v1.Limits(max_expressions=self.max_expressions))

    def _check(self, request, context):
        if request == b"":
            return HEALTH[self.health[0]]
        context.abort(grpc.StatusCode.NOT_FOUND, "no such service")

    def _watch(self, request, context):
        for status in self.health:
            yield HEALTH[status]
        context.abort(grpc.StatusCode.UNAVAILABLE, "draining")


@pytest.fixture
def make_server(messages):
    """make_server(credentials=None) -> ScriptedServer, stopped when the test ends."""
    started = []

    def make(credentials=None):
        started.append(ScriptedServer(messages, credentials))
        return started[-1]

    yield make
    for scripted in started:
        scripted.stop()


@pytest.fixture
def server(make_server):
    return make_server()


@pytest.fixture
def environment(server, tmp_path):
    """No settings of whoever runs the tests; the scripted server as the default one."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LQVG_SERVER": server.address}


@pytest.fixture
def start_lqvg(environment, tmp_path):
    """start_lqvg("ground", ..., program="lqvg") -> Popen, in the test's own folder."""
    started = []

    def start(*arguments, program="lqvg", stderr=subprocess.PIPE, **extra):
        path = BINARIES / program
        assert path.exists(), f"{path} is not built: make build"
        process = subprocess.Popen([path, *map(str, arguments)], cwd=tmp_path, env=environment | extra,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def lqvg(start_lqvg):
    """lqvg("ground", ..., input=b"") -> (exit code, stdout, stderr)."""

    def run(*arguments, input=b"", **extra):
        process = start_lqvg(*arguments, **extra)
        out, err = process.communicate(input, timeout=LONGEST_RUN_S)
        return process.returncode, out.decode(), err.decode()

    return run
