"""What `serving_bench.py official` says before it measures, and of what it measured; the run itself needs torch and Triton."""
import http.server
import importlib
import json
import pathlib
import subprocess
import sys
import threading
import types

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(name="bench")
def fixture_bench(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    return importlib.import_module("official_bench")


@pytest.fixture(name="checkout")
def fixture_checkout(tmp_path):
    for name in ("opts.py", "inference_rsvg.py", "models/LQVG.py", "util/transforms.py"):
        (tmp_path / "LQVG" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "LQVG" / name).touch()
    return tmp_path / "LQVG"


@pytest.fixture(name="model")
def fixture_model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for name in ("model.safetensors", "vocab.json", "merges.txt"):
        (folder / name).touch()
    (folder / "config.json").write_text('{"backbone": "resnet50", "input_size": 1024}')
    return folder


@pytest.fixture(name="binaries")
def fixture_binaries(tmp_path):
    (tmp_path / "bin").mkdir()
    for name in ("lqvg-server", "lqvg-load", "lqvg"):
        (tmp_path / "bin" / name).touch()
    return tmp_path / "bin"


def refusal(tmp_path, binaries, **options):
    """The one line that it prints as it ends with 2."""
    flags = [f"--{name}={value}" for name, value in options.items()]
    done = subprocess.run([sys.executable, ROOT / "bench/serving_bench.py", "official", "--out", tmp_path / "out", *flags],
                          env={"LQVG_BINARY_DIR": str(binaries)}, text=True, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.startswith("serving_bench.py: ") and done.stderr.count("\n") == 1
    return done.stderr


def python_that(tmp_path, script):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


def test_every_path_must_be_given(tmp_path, binaries, checkout):
    assert "needs --official" in refusal(tmp_path, binaries)
    assert "needs --triton" in refusal(tmp_path, binaries, official=checkout)
    assert "needs --model" in refusal(tmp_path, binaries, official=checkout, triton=sys.executable)


def test_the_checkout_must_be_one(tmp_path, binaries, checkout, model):
    (checkout / "models/LQVG.py").unlink()
    assert "has no models/LQVG.py" in refusal(tmp_path, binaries, official=checkout, triton=sys.executable, model=model)


def test_the_model_must_be_whole_and_full_size(tmp_path, binaries, checkout, model):
    demo = ROOT / "models/demo"
    assert "not full-size" in refusal(tmp_path, binaries, official=checkout, triton=sys.executable, model=demo)
    (model / "model.safetensors").unlink()
    assert "has no model.safetensors" in refusal(tmp_path, binaries, official=checkout, triton=sys.executable, model=model)


def test_our_programs_must_be_built(tmp_path, binaries, checkout, model):
    (binaries / "lqvg").unlink()
    assert "lqvg is not built" in refusal(tmp_path, binaries, official=checkout, triton=sys.executable, model=model)


def test_the_python_must_have_what_is_needed(tmp_path, binaries, checkout, model):
    paths = {"official": checkout, "model": model}
    assert "does not start" in refusal(tmp_path, binaries, triton=tmp_path / "none", **paths)
    bare = python_that(tmp_path, 'echo "Traceback" >&2; echo "No module named torch" >&2; exit 1')
    said = refusal(tmp_path, binaries, triton=bare, **paths)
    assert "bench/official/requirements.txt" in said and "No module named torch" in said


def test_a_run_may_begin(tmp_path, binaries, checkout, model, bench, monkeypatch):
    monkeypatch.setattr(bench, "BIN", binaries)
    options = {"official": checkout, "model": model, "triton": python_that(tmp_path, "exit 0")}
    assert bench.check(types.SimpleNamespace(**options))["input_size"] == 1024


def test_triton_may_write_around_the_line_that_says_ready(tmp_path, checkout, model, bench):
    python = python_that(tmp_path, r"printf 'modtorch 2.11.0, 2 threads\nready\nel_lifecycle'; exec sleep 60")
    arguments = types.SimpleNamespace(official=checkout, model=model, triton=python, threads=2, out=tmp_path)
    server, http_address = bench.official_server(arguments)
    with server:
        assert bench.runs_on(tmp_path) == "torch 2.11.0, 2 threads"
    port = int(server.address.removeprefix("127.0.0.1:"))
    assert http_address == f"127.0.0.1:{port + 1}"


def test_differences_are_the_largest_over_boxes_and_scores(bench):
    ours = [[0, 0, 10, 10, 0.5], [0, 0, 20, 20, 0.75]]
    theirs = [[0, 0, 10, 10, 0.25], [0, 0, 20, 16, 0.75]]
    assert bench.differences(ours, theirs, 100) == (0.25, 0.04)


def test_answers_that_differ_end_the_run(bench, monkeypatch):
    monkeypatch.setattr(bench, "ours", lambda _, __, expressions: [[0, 0, 10, 10, 0.5]] * len(expressions))
    monkeypatch.setattr(bench, "theirs", lambda _, __, expressions: [[0, 0, 10, 10, 0.50005]] * len(expressions))
    assert bench.compare_answers("", "") == (pytest.approx(0.00005), 0)
    monkeypatch.setattr(bench, "theirs", lambda _, __, expressions: [[0, 0, 10, 10.1, 0.5]] * len(expressions))
    with pytest.raises(SystemExit, match="do not answer alike"):
        bench.compare_answers("", "")


def test_a_row_has_both_and_their_ratio(bench):
    def step(calls, mean, median, processor):
        return {"ok": calls, "latency_seconds": {"mean": mean, "p50": median}, "server_seconds_per_call": processor}

    cells = bench.row(4, 1, step(17, 2.0, 1.9, 3.5), step(2, 9.0, 9.25, 17.0)).split("|")
    assert [cell.strip() for cell in cells[1:-1]] == ["4", "1", "17", "0.500", "1.90", "3.50", "2", "0.111", "9.25", "17.00",
                                                      "4.50"]
    assert len(cells) - 2 == 11  # as the head of the table has


def test_triton_is_asked_over_http(bench, tmp_path):
    asked = {}

    class Triton(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # pylint: disable=invalid-name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            head = int(self.headers["Inference-Header-Content-Length"])
            asked.update(path=self.path, inputs=json.loads(body[:head])["inputs"], tensor=body[head:])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"outputs": [{"name": "SCORES", "data": [0.5, 0.25]},
                                                     {"name": "BOXES", "data": [1, 2, 3, 4, 5, 6, 7, 8]}]}).encode())

        def log_message(self, *_):
            pass

    picture = tmp_path / "picture"
    picture.write_bytes(b"bytes")
    with http.server.HTTPServer(("127.0.0.1", 0), Triton) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        found = bench.theirs(f"127.0.0.1:{server.server_port}", picture, ["a ship", "the bridge"])
        thread.join()
    assert found == [[1, 2, 3, 4, 0.5], [5, 6, 7, 8, 0.25]]
    assert asked["path"] == "/v2/models/lqvg/infer" and asked["tensor"] == b"\x05\0\0\0bytes"
    assert [tensor["shape"] for tensor in asked["inputs"]] == [[1, 1], [2, 1]]
    assert asked["inputs"][0]["parameters"]["binary_data_size"] == 9
    assert asked["inputs"][1]["data"] == ["a ship", "the bridge"]
