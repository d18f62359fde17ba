"""The real `lqvg-load` against a server that says what a test tells it to."""
import collections
import csv
import json
import os
import pathlib
import subprocess
import threading
import time
import xml.etree.ElementTree

import grpc
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
LOAD = pathlib.Path(os.environ.get("LQVG_BINARY_DIR", ROOT / "build" / "bin")) / "lqvg-load"
LONGEST_RUN_S = 60  # a test that takes longer hangs
FEW_SCENES = ("--scenes", "3", "--size", "128")


@pytest.fixture
def load(server, tmp_path):
    """load(*arguments) -> (exit code, the first step of the JSON report, standard output)"""

    def run(*arguments, address=server.address):
        report = tmp_path / "report.json"
        done = subprocess.run([LOAD, "--server", address, "--quiet", "--json", report, *arguments], text=True,
                              capture_output=True, timeout=LONGEST_RUN_S, check=False)
        step = json.loads(report.read_text())["steps"][0] if report.exists() else None
        return done.returncode, step, done.stdout + done.stderr

    server.script = echo(server)
    return run


def echo(server):
    """Answers for the size of the scenes."""

    def answer(request, context):
        response = server.answer(request, context)
        response.image_width = response.image_height = 128
        return response

    return answer


def closed(calls, *arguments):
    return (*FEW_SCENES, "-c", "4", "--calls", str(calls), "--warm-up", "0s", *arguments)


def test_asks_every_call_once(load, server):
    code, step, text = load(*closed(40, "--expressions", "2"))
    assert code == 0, text
    assert (step["sent"], step["ok"], step["good"]) == (40, 40, 40)
    assert step["statuses"] == {"OK": 40}
    assert len({request.request_id for request in server.requests}) == 40
    assert {len(request.expressions) for request in server.requests} == {2}
    assert len({request.image.encoded for request in server.requests}) == 3
    assert step["answers"]["known"] == 80 and step["answers"]["crossed"] == 0


def test_asks_the_same_again(load, server):
    load(*closed(20))
    first = sorted((r.image.encoded, tuple(r.expressions)) for r in server.requests)
    server.requests.clear()
    load(*closed(20))
    assert sorted((r.image.encoded, tuple(r.expressions)) for r in server.requests) == first


def test_a_crossed_answer_is_seen_and_is_a_failure(load, server):
    def stray(request, context):
        response = echo(server)(request, context)
        if request.request_id.endswith("-5"):
            response.request_id = request.request_id[:-1] + "4"
        return response

    server.script = stray
    code, step, text = load(*closed(10))
    assert code == 1 and step["answers"]["crossed"] == 1, text


def test_counts_what_the_server_refuses_by_reason(load, server):
    turn = iter(range(100))
    refuse = server.refuse(grpc.StatusCode.UNAVAILABLE, "QUEUE_FULL")
    server.script = lambda request, context: (refuse if next(turn) % 2 else echo(server))(request, context)
    code, step, text = load(*closed(20, "-c", "1"))
    assert code == 0, text
    assert step["statuses"] == {"OK": 10, "UNAVAILABLE QUEUE_FULL": 10}
    assert step["sent"] == 20 and step["good"] == 10


def test_a_call_ends_at_its_deadline(load, server):
    server.script = server.hold
    code, step, text = load(*closed(4, "--timeout", "200ms"))
    assert code == 1, text  # nothing was answered
    assert step["statuses"] == {"DEADLINE_EXCEEDED": 4} and step["good"] == 0


def test_a_stall_is_charged_to_every_call_that_was_due(load, server):
    """No coordinated omission: calls go out while the server stalls, and their waiting counts."""
    stalled_until = []
    lock = threading.Lock()

    def stall(request, context):
        with lock:  # one at a time: while the first is slow, the others wait for it
            if not stalled_until:
                stalled_until.append(True)
                time.sleep(0.6)
        return echo(server)(request, context)

    server.script = stall
    code, step, text = load(*FEW_SCENES, "--rate", "20", "--arrivals", "constant", "--duration", "1s", "--warm-up", "0s")
    assert code == 0, text
    assert step["sent"] == 20
    # Due at 0, 50, 100 ... ms, all answered at 600 ms: a fifth of the calls waited 400 ms at the least.
    assert step["latency_seconds"]["p90"] > 0.4


def test_callers_that_cancel(load, server):
    ended = collections.Counter()

    def hold(request, context):
        context.add_callback(lambda: ended.update(["ended"]))
        return server.hold(request, context)

    server.script = hold
    code, step, text = load(*closed(8, "--cancel", "1", "--give-up-within", "50ms"))
    assert code == 1 and step["given_up"] == 8, text
    assert step["statuses"] == {"CANCELLED": 8}
    assert ended["ended"] == len(server.requests)


def test_connections_that_break(load, server):
    server.script = server.hold
    code, step, text = load(*closed(8, "--kill", "1", "--give-up-within", "50ms"))
    assert code == 1 and step["given_up"] == 8, text
    assert step["statuses"] == {"UNAVAILABLE": 8}
    server.released.set()
    server.script = echo(server)
    assert load(*closed(8, "--kill", "1", "--give-up-within", "30s"))[1]["ok"] == 8  # answered before they would break


def test_steps_make_a_curve(load, tmp_path):
    table, plot = tmp_path / "load.csv", tmp_path / "load.svg"
    code, _, text = load(*FEW_SCENES, "--rate", "20,40", "--duration", "500ms", "--warm-up", "0s", "--csv", table,
                         "--plot", plot)
    assert code == 0, text
    with table.open() as file:
        assert [float(row["offered_per_second"]) for row in csv.DictReader(file)] == [20, 40]
    assert xml.etree.ElementTree.parse(plot).getroot().tag.endswith("svg")


def test_draws_another_run_beside_this_one(load, tmp_path):
    first, plot = tmp_path / "first.json", tmp_path / "both.svg"
    steps = (*FEW_SCENES, "--rate", "20,40", "--duration", "500ms", "--warm-up", "0s")
    load(*steps)
    (tmp_path / "report.json").rename(first)
    code, _, text = load(*steps, "--plot", plot, "--name", "this", "--beside", f"that={first}")
    assert code == 0, text
    labels = [node.text for node in xml.etree.ElementTree.parse(plot).iter() if node.tag.endswith("text")]
    assert any(label.startswith("this good") for label in labels) and any(label.startswith("that p99") for label in labels)
    assert load(*steps, "--beside", f"that={plot}")[0] == 2


def test_replays_recorded_arrivals(load, tmp_path):
    times = tmp_path / "times"
    times.write_text("# seconds\n0\n0.1\n0.1\n0.4\n")
    code, step, text = load(*FEW_SCENES, "--replay", str(times), "--warm-up", "0s", "--duration", "1s")
    assert code == 0 and step["sent"] == 4, text


def test_leaves_calls_out_rather_than_drown_and_says_so(load, server):
    server.script = server.hold
    code, step, text = load(*FEW_SCENES, "--rate", "100", "--arrivals", "constant", "--duration", "500ms", "--warm-up",
                            "0s", "--max-in-flight", "3", "--timeout", "1s")
    assert step["sent"] == 3 and step["doubts"], text


def test_pictures_from_files(load, server, tmp_path):
    picture = tmp_path / "any.png"
    picture.write_bytes(b"not looked at")
    code, step, text = load("-c", "1", "--calls", "3", "--warm-up", "0s", "--expression", "a ship", str(picture))
    assert code == 0 and step["answers"]["known"] == 0, text
    assert {(r.image.encoded, *r.expressions) for r in server.requests} == {(b"not looked at", "a ship")}


@pytest.mark.parametrize("arguments, message", [
    ((), "one of --rate, --concurrency and --replay"),
    (("--rate", "1", "-c", "1"), "one of --rate, --concurrency and --replay"),
    (("--rate", "1,x"), "--rate is '1,x', must be numbers"),
    (("-c", "1.5"), "--concurrency is '1.5', must be numbers"),
    (("-c", "0"), "--concurrency is '0', must be numbers with commas between, 1 to"),
    (("-c", "1", "--timeout", "2s..1s"), "--timeout is '2s..1s', must be a duration"),
    (("-c", "1", "--size", "64"), "--size is '64'"),
    (("-c", "1", "--cancel", "0.6", "--kill", "0.6"), "together at most 1"),
    (("-c", "1", "port.png"), "--expression"),
    (("-c", "1", "--protocol", "http"), "--protocol is 'http', must be lqvg or oip"),
    (("--replay", "missing"), "missing"),
    (("-c", "1", "--beside", "report.json"), "--beside is 'report.json', must be NAME=FILE"),
    (("-c", "1", "--beside", "a=missing.json"), "missing.json"),
    (("-c", "1", "--duration", "0s"), "--duration")], ids=" ".join)
def test_returns_two_for_a_wrong_command_line(load, server, arguments, message):
    code, step, text = load(*arguments)
    assert code == 2 and step is None and message in text
    assert server.requests == []


def test_returns_four_without_a_server(load):
    code, step, text = load(*closed(1), address="127.0.0.1:9")
    assert (code, step) == (4, None), text


def test_help_and_version(load):
    assert load("--help")[0] == 0 and "--concurrency" in load("--help")[2]
    assert load("--version")[2].startswith("lqvg-load ")
