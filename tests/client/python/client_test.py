"""The blocking client: what it sends, whom it asks, how it waits, and that it leaks nothing."""
import concurrent.futures
import datetime
import os
import socket
import threading

import numpy
import pytest

import lqvg
from lqvg.connection import is_loopback

EXPRESSION = "the red ship"


# --- Calls ---


def test_an_answer_has_everything(demo, scene):
    answer = demo.ground(scene, ["the red ship", "the swimming pool"], max_boxes=2, request_id="r-1")
    assert [result.expression for result in answer.results] == ["the red ship", "the swimming pool"]
    assert all(result.error is None and len(result.boxes) == 2 for result in answer.results)
    best, second = answer.results[0].boxes
    assert best == answer.results[0].best and 1 >= best.score >= second.score >= 0
    assert (best.width, best.height) == (best.x_max - best.x_min, best.y_max - best.y_min)
    assert best.area == best.width * best.height > 0
    assert (answer.image_width, answer.image_height, answer.request_id, answer.notes) == (480, 360, "r-1", ())
    assert answer.model.name == "demo" and len(answer.model.digest) == 64
    assert answer.path == str(scene)
    receipt = answer.receipt
    assert datetime.timedelta(0) < receipt.model_time < receipt.total_time
    assert (receipt.batch_images, receipt.batch_expressions, receipt.image_cache) == (1, 2, "OFF")


def test_every_part_of_an_answer_is_kept(server, messages, client):
    v1 = messages.v1
    server.script = lambda request, context: v1.GroundResponse(
        results=[v1.Result(boxes=[v1.Box(x_min=1, y_min=2, x_max=4, y_max=8, score=0.5)])],
        image_width=11, image_height=12, model=v1.ModelId(name="m", digest="d"), request_id="r",
        receipt=v1.Receipt(queue_time={"seconds": 1}, decode_time={"seconds": 2}, model_time={"seconds": 3},
                           total_time={"nanos": 4000}, batch_images=5, batch_expressions=6,
                           image_cache=v1.CACHE_OUTCOME_SHARED, text_cache_hits=7, response_cache_hits=8),
        image_notes=[v1.IMAGE_NOTE_CMYK_CONVERTED])
    seconds = [datetime.timedelta(seconds=each) for each in (1, 2, 3)]
    assert client.ground(b"picture", EXPRESSION) == lqvg.Grounding(
        (lqvg.Result(EXPRESSION, (lqvg.Box(1, 2, 4, 8, 0.5),)),), 11, 12, lqvg.ModelId("m", "d"),
        lqvg.Receipt(*seconds, datetime.timedelta(microseconds=4), 5, 6, "SHARED", 7, 8), "r", ("CMYK_CONVERTED",))


def test_parameters_arrive(demo, scene):
    everything = demo.ground(scene, EXPRESSION, max_boxes=10).results[0].boxes
    threshold = (everything[3].score + everything[4].score) / 2
    assert demo.ground(scene, EXPRESSION, max_boxes=10, min_score=threshold).results[0].boxes == everything[:4]
    assert demo.ground(scene, EXPRESSION, min_score=1.0).results[0].best is None
    clipped = demo.ground(scene, EXPRESSION, max_boxes=10, clip_boxes=True).results[0].boxes
    for box, inside in zip(everything, clipped, strict=True):  # a trained model seldom looks beyond the picture
        assert (inside.x_min, inside.x_max) == (max(box.x_min, 0), min(box.x_max, 480))
        assert (inside.y_min, inside.y_max) == (max(box.y_min, 0), min(box.y_max, 360))
    digest = demo.get_model().id.digest
    assert demo.ground(scene, EXPRESSION, model=digest).model.digest == digest


def test_get_model_tells_the_limits(demo, root):
    model = demo.get_model()
    assert (model.id.name, model.input_size, model.num_queries, model.device, model.precision) == \
        ("demo", 256, 10, "cpu", "fp32")
    assert (model.limits.max_request_bytes, model.limits.max_expressions, model.limits.max_boxes) == (16 << 20, 32, 10)
    assert model.server_version == (root / "VERSION").read_text().strip()


def test_health(demo):
    assert demo.health() is demo.health("lqvg.v1.GroundingService") is lqvg.Health.SERVING
    with pytest.raises(lqvg.NotFound):
        demo.health("no.such.Service")


def test_what_a_newer_server_says_is_kept_as_a_number(server, messages, client, scene):

    def script(request, context):
        answer = server.answer(request, context)
        answer.image_notes.extend([messages.v1.IMAGE_NOTE_ALPHA_DROPPED, 99])
        return answer

    server.script = script
    assert client.ground(scene, EXPRESSION).notes == ("ALPHA_DROPPED", "99")


@pytest.mark.parametrize("arguments,error,words", [
    (dict(max_boxes=-1), ValueError, "max_boxes is -1; a request can hold 0..4294967295"),
    (dict(max_boxes=2**32), ValueError, "max_boxes is 4294967296"),
    (dict(expressions="\ud800"), ValueError, "not valid Unicode"),
    (dict(timeout=0), ValueError, "timeout is 0, not positive and finite"),
    (dict(expressions=[1]), TypeError, None),
])
def test_what_no_request_can_hold_is_refused_before_it_is_sent(server, client, scene, arguments, error, words):
    with pytest.raises(error, match=words):
        client.ground(**{"image": scene, "expressions": EXPRESSION, **arguments})
    assert server.requests == []


@pytest.mark.parametrize("timeout,expected", [(None, 1000), (100, 100)])
def test_a_call_has_the_clients_timeout_or_its_own(server, timeout, expected):
    left = []
    server.script = lambda request, context: (left.append(context.time_remaining()), server.answer(request, context))[1]
    with lqvg.Client(server.address, timeout=1000) as client:
        client.ground(b"picture", EXPRESSION, timeout=timeout)
    assert expected / 2 < left[0] < expected * 1.1  # the wire rounds it


# --- The connection ---


def test_every_call_carries_name_metadata_and_token(server, scene):
    with lqvg.Client(server.address, token="secret", metadata=[("x-team", "red")]) as client:
        client.ground(scene, EXPRESSION, metadata=[("traceparent", "00-ab-cd-01")])
    assert server.metadata["user-agent"].startswith(f"lqvg-python/{lqvg.__version__} ")
    assert (server.metadata["authorization"], server.metadata["x-team"], server.metadata["traceparent"]) == \
        ("Bearer secret", "red", "00-ab-cd-01")


def test_the_environment_names_the_server(server, monkeypatch):
    monkeypatch.setenv("LQVG_SERVER", server.address)
    with lqvg.Client() as client:
        assert client.get_model().id.name == "demo"


def test_without_the_environment_it_is_the_default_port(monkeypatch):
    monkeypatch.delenv("LQVG_SERVER", raising=False)
    with lqvg.Client() as client:
        assert client._connection.target == "127.0.0.1:50051"


def test_loopback_needs_no_proxy(server, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # the discard port, where nobody listens
    monkeypatch.delenv("no_proxy", raising=False)
    with lqvg.Client(server.address) as client:
        assert client.get_model().id.name == "demo"


@pytest.mark.parametrize("target,expected", [
    ("127.0.0.1:50051", True), ("localhost:50051", True), ("localhost", True), ("[::1]:50051", True),
    ("dns:///localhost:1", True), ("ipv4:127.0.0.1:1", True), ("ipv6:[::1]:1", True), ("unix:/run/lqvg", True),
    ("lqvg:50051", False), ("localhost.example.com:1", False), ("dns:///lqvg:1", False), ("10.127.0.1:1", False),
])
def test_which_targets_are_on_this_machine(target, expected):
    assert is_loopback(target) is expected


@pytest.mark.parametrize("arguments,words", [
    (dict(target=""), "address is empty"),
    (dict(timeout=0), "timeout is 0, not positive and finite"),
    (dict(timeout=float("inf")), "timeout is inf"),
    (dict(target="lqvg.example.com:443", token="secret"), "a token for lqvg.example.com:443 needs tls"),
])
def test_an_argument_that_makes_no_sense_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        lqvg.Client(**arguments)


def test_no_secret_is_printed():
    tls = lqvg.Tls(client_certificate=b"certificate", client_key=b"secret")
    with lqvg.Client("127.0.0.1:1", token="secret", tls=tls) as client:
        assert "secret" not in repr(client._connection)


def test_a_closed_client_says_so(server):
    with lqvg.Client(server.address) as client:
        pass
    with pytest.raises(ValueError, match="closed"):
        client.get_model()


def test_closing_ends_the_calls_under_way(server, scene):
    server.script = server.hold
    client = lqvg.Client(server.address)
    with concurrent.futures.ThreadPoolExecutor() as threads:
        call = threads.submit(client.ground, scene, EXPRESSION)
        while not server.requests:
            threading.Event().wait(0.01)
        client.close()
        with pytest.raises(lqvg.Cancelled):
            call.result(10)


# --- Waiting for the server ---


def test_wait_ready_waits_for_the_model(start_fake, scene):
    fake = start_fake(loads=False)
    fake.load_gate.await_arrival()
    with lqvg.Client(fake.address) as client:
        assert client.health() is lqvg.Health.NOT_SERVING
        with pytest.raises(lqvg.Unavailable) as caught:
            client.ground(scene, EXPRESSION)
        assert caught.value.reason == "MODEL_LOADING"
        with pytest.raises(lqvg.DeadlineExceeded, match="not ready after 0.5 s"):
            client.wait_ready(0.5)
        fake.load_gate.open()
        client.wait_ready()
        assert client.ground(scene, EXPRESSION).results[0].best is not None


def test_wait_ready_ends_in_time_without_a_server():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        with lqvg.Client(f"127.0.0.1:{nobody.getsockname()[1]}") as client:
            with pytest.raises(lqvg.DeadlineExceeded) as caught:
                client.wait_ready(1)
            assert isinstance(caught.value.__cause__, lqvg.Unavailable), "it says what the matter was"
            with pytest.raises(lqvg.Unavailable):
                client.get_model()


# --- Threads and resources ---


def test_threads_share_a_client_and_get_their_own_answers(server, client):
    numbers = range(400)

    def ask(number):
        answer = client.ground(b"picture", [f"{number}"] * (1 + number % 5), request_id=f"r-{number}")
        return answer.request_id, [result.expression for result in answer.results]

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, numbers))
    assert answers == [(f"r-{number}", [f"{number}"] * (1 + number % 5)) for number in numbers]


@pytest.fixture
def resources(start_fake):
    """resources() -> how many files and threads this process has. The server is another one, `resources.address`."""

    def count():
        return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

    count.address = start_fake().address
    return count


def test_a_thousand_calls_need_no_more_than_one(resources):
    picture = numpy.zeros((16, 16), numpy.uint8)
    with lqvg.Client(resources.address) as client:
        client.ground(picture, EXPRESSION)
        files, threads = resources()
        for _ in range(1000):
            client.ground(picture, EXPRESSION)
        files_after, threads_after = resources()
    assert files_after < files + 5
    assert threads_after < threads + 20  # gRPC has a pool, which grows and shrinks as it likes


def test_a_hundred_clients_leave_nothing_behind(resources):

    def use_client():
        with lqvg.Client(resources.address) as client:
            client.get_model()

    use_client()
    files, threads = resources()
    for _ in range(100):
        use_client()
    # Connections are closed by gRPC's own threads, a moment later.
    for _ in range(1000):
        files_after, threads_after = resources()
        if files_after < files + 5 and threads_after < threads + 20:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{files} files became {files_after}, {threads} threads {threads_after}")
