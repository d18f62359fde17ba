"""`lqvg ground --list`: every line answered once, whatever happens in between."""
import json
import os
import pty
import signal
import threading

import grpc
import pytest

from server_process import await_true, has_pending_signals

RSVG_LIST = "a.jpg,1,2,30.5,4,a ship, at the pier\nb.jpg,5,6,7,8,a crane\na.jpg,9,9,9,9,the sea\n"
LIST_OPTIONS = ("--list", "list.txt", "--out", "out.jsonl", "--images-dir", "pictures")


@pytest.fixture
def pictures(tmp_path):
    (tmp_path / "pictures").mkdir()
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / "pictures" / name).write_bytes(name.encode())
    return tmp_path / "pictures"


@pytest.fixture
def run_list(lqvg, pictures, tmp_path):
    """run_list(text, ...) -> (exit code, stderr); the results are in out.jsonl."""

    def run(text, *options):
        (tmp_path / "list.txt").write_text(text)
        code, out, err = lqvg("ground", *LIST_OPTIONS, *options)
        assert out == ""
        return code, err

    return run


def read_results(tmp_path):
    return [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]


def test_asks_once_per_picture_and_writes_a_line_per_expression(run_list, server, tmp_path):
    code, err = run_list(RSVG_LIST, "--concurrency", "1")
    assert (code, err) == (0, "lqvg: 3 answered, 0 failed\n")
    assert [(r.image.encoded, list(r.expressions)) for r in server.requests] == [
        (b"a.jpg", ["a ship, at the pier", "the sea"]), (b"b.jpg", ["a crane"])]
    first = read_results(tmp_path)[0]
    assert first["image"] == "a.jpg" and first["expression"] == "a ship, at the pier"
    assert first["truth"] == {"x_min": 1, "y_min": 2, "x_max": 30.5, "y_max": 4}
    assert first["boxes"] == [{"x_min": 20, "y_min": 30, "x_max": 70, "y_max": 60, "score": 0.9}]
    assert first["score"] == 0.9
    assert "error" not in first


def test_keeps_to_the_servers_limit_of_expressions(run_list, server):
    server.max_expressions = 1
    run_list(RSVG_LIST)
    assert sorted(len(request.expressions) for request in server.requests) == [1, 1, 1]


def test_records_what_failed_and_returns_one(run_list, server, tmp_path):
    refuse = server.refuse(grpc.StatusCode.INVALID_ARGUMENT, "IMAGE_CORRUPT", "truncated")
    server.script = server.only_for(b"b.jpg", refuse)
    code, err = run_list("a.jpg\ta ship\nb.jpg\ta ship\nmissing.jpg\ta ship\n")
    assert (code, err) == (1, "lqvg: 1 answered, 2 failed: 1 IMAGE_CORRUPT, 1 NO_SUCH_FILE\n")
    errors = {line["image"]: line.get("error") for line in read_results(tmp_path)}
    assert errors["a.jpg"] is None
    assert errors["b.jpg"] == {"code": "INVALID_ARGUMENT", "reason": "IMAGE_CORRUPT", "message": "truncated"}
    assert errors["missing.jpg"]["code"] == "NOT_FOUND"


def test_leaves_only_the_summary_on_a_terminal(start_lqvg, server, pictures, tmp_path):
    (tmp_path / "list.txt").write_text(RSVG_LIST)
    controller, terminal = pty.openpty()
    assert start_lqvg("ground", *LIST_OPTIONS, stderr=terminal).wait(timeout=60) == 0
    assert os.read(controller, 65536).decode().rpartition("\r\x1b[K")[2] == "lqvg: 3 answered, 0 failed\r\n"
    os.close(controller)
    os.close(terminal)


def test_makes_as_many_calls_at_a_time_as_told(run_list, server):
    together = threading.Barrier(3, timeout=30)

    def meet(request, context):
        together.wait()
        return server.answer(request, context)

    server.script = meet
    assert run_list("a.jpg\t1\nb.jpg\t2\nc.jpg\t3\n", "--concurrency", "3")[0] == 0


def test_resumes_after_a_torn_line(run_list, server, tmp_path):
    run_list(RSVG_LIST, "--concurrency", "1")
    whole = (tmp_path / "out.jsonl").read_bytes()
    (tmp_path / "out.jsonl").write_bytes(whole[:-20])
    server.requests.clear()
    code, err = run_list(RSVG_LIST, "--resume")
    assert (code, err) == (0, "lqvg: 2 already done\nlqvg: 1 answered, 0 failed\n")
    assert [list(request.expressions) for request in server.requests] == [["a crane"]]
    assert (tmp_path / "out.jsonl").read_bytes() == whole


def test_does_not_write_over_results(run_list, server, tmp_path):
    run_list(RSVG_LIST)
    whole = (tmp_path / "out.jsonl").read_bytes()
    code, err = run_list(RSVG_LIST)
    assert code == 2 and "out.jsonl is not empty" in err
    assert (tmp_path / "out.jsonl").read_bytes() == whole


def test_ends_cleanly_when_interrupted_and_resumes(start_lqvg, run_list, server, pictures, tmp_path):
    arrived = threading.Event()

    def hold(request, context):
        arrived.set()
        return server.hold(request, context)

    server.script = hold
    (tmp_path / "list.txt").write_text(RSVG_LIST)
    process = start_lqvg("ground", *LIST_OPTIONS, "--concurrency", "1")
    assert arrived.wait(30)
    process.send_signal(signal.SIGINT)
    await_true(lambda: not has_pending_signals(process), "the interrupt has arrived")
    server.released.set()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.decode() == "lqvg: 2 answered, 0 failed\nlqvg: interrupted; --resume does the rest\n"
    assert len(read_results(tmp_path)) == 2
    assert run_list(RSVG_LIST, "--resume")[0] == 0
    assert [line["expression"] for line in read_results(tmp_path)] == ["a ship, at the pier", "the sea", "a crane"]


def test_asks_again_what_found_the_server_away(run_list, server, tmp_path):
    server.script = server.refuse(grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
    assert run_list("a.jpg\ta ship\n")[0] == 1
    server.script = server.answer
    assert run_list("a.jpg\ta ship\n", "--resume") == (0, "lqvg: 1 answered, 0 failed\n")
    assert [line.get("error") for line in read_results(tmp_path)] == [None]


@pytest.mark.parametrize("text, options, message", [
    ("no tab\n", (), "list.txt: line 1: neither"), (RSVG_LIST, ("--json",), "--json does not go with --list"),
    (RSVG_LIST, ("a ship",), "a ship does not go with --list"),
    (RSVG_LIST, ("--concurrency", "0"), "--concurrency is 0, not 1 to 64")],
    ids=["line", "option", "operand", "concurrency"])
def test_judges_the_command_line_and_the_list_before_the_first_call(run_list, server, tmp_path, text, options, message):
    code, err = run_list(text, *options)
    assert code == 2 and message in err
    assert server.requests == [] and not (tmp_path / "out.jsonl").exists()


def test_returns_four_and_writes_nothing_when_nobody_listens(run_list, server, tmp_path):
    server.stop()
    assert run_list(RSVG_LIST)[0] == 4
    assert (tmp_path / "out.jsonl").read_text() == ""
