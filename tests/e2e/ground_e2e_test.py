"""A caller's view of the whole service: the official model's answers through the wire, health, metrics, the command line, the end."""
import json
import math
import os
import pathlib
import signal
import struct
import subprocess
import sys
import urllib.request

import grpc
import pytest

CASES = pathlib.Path(__file__).resolve().parents[1] / "reference" / "cases"
ALL_BOXES = 10  # queries of the official model


@pytest.fixture(scope="module")
def wire(stubs):
    """The generated modules, importable for as long as these tests run."""
    sys.path.insert(0, str(stubs))
    from google.rpc import error_details_pb2, status_pb2
    from lqvg.v1 import grounding_pb2, grounding_pb2_grpc
    yield type("Wire", (), dict(pb=grounding_pb2, rpc=grounding_pb2_grpc, details=error_details_pb2, status=status_pb2))
    sys.path.remove(str(stubs))


def stub_of(wire, server):
    return wire.rpc.GroundingServiceStub(grpc.insecure_channel(server.address))


def request_of(wire, picture, *expressions, **fields):
    return wire.pb.GroundRequest(image=wire.pb.Image(encoded=pathlib.Path(picture).read_bytes()), expressions=expressions, **fields)


def read_tensors(path):
    """The float tensors of a .safetensors file as flat lists."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        tensors[name] = struct.unpack(f"<{(end - begin) // 4}f", data[8 + length + begin:8 + length + end])
    return tensors


def cases(input_size):
    return [case for case in json.loads((CASES / "cases.json").read_text()) if case["input_size"] == input_size]


def expect_official_answer(result, case):
    """Every query's box and score, best first, as the official code has them."""
    tensors = read_tensors(CASES / f"{case['case']}.safetensors")
    scores = [1 / (1 + math.exp(-logit)) for logit in tensors["logits"]]
    boxes = [tensors["boxes_image_xyxy"][4 * q:4 * q + 4] for q in range(ALL_BOXES)]
    order = sorted(range(ALL_BOXES), key=lambda q: -scores[q])
    pixels = 1.5 * 2e-4 * case["input_size"] / case["ratio"]
    assert len(result.boxes) == ALL_BOXES
    for box, q in zip(result.boxes, order):
        assert box.score == pytest.approx(scores[q], abs=1e-3 / 4 + 1e-6)  # a sigmoid is at most a quarter as steep as its logit
        assert (box.x_min, box.y_min, box.x_max, box.y_max) == pytest.approx(boxes[q], abs=pixels)


@pytest.mark.parametrize("input_size", [1024, 800])
def test_the_official_answers_arrive_over_the_wire(start_server, wire, reference_model, input_size):
    server = start_server(reference_model / str(input_size))
    stub = stub_of(wire, server)
    by_picture = {}
    for case in cases(input_size):
        by_picture.setdefault(case["image"], []).append(case)
    for picture, group in by_picture.items():
        request = request_of(wire, CASES / picture, *(case["expression"] for case in group), max_boxes=ALL_BOXES)
        response = stub.Ground(request, timeout=120)
        assert (response.image_width, response.image_height) == (group[0]["width"], group[0]["height"])
        assert response.receipt.batch_images == 1
        assert response.receipt.batch_expressions == len(group)
        for result, case in zip(response.results, group, strict=True):
            expect_official_answer(result, case)
    server.send(signal.SIGTERM)
    assert server.exit_code() == 0


def test_one_call_of_several_expressions_equals_single_calls(demo_server, wire, root):
    stub = stub_of(wire, demo_server)
    expressions = ["the red ship", "a storage tank on the far right", "plane"]
    scene = root / "docs" / "demo" / "scene.png"
    together = stub.Ground(request_of(wire, scene, *expressions, max_boxes=3), timeout=30)
    for expression, result in zip(expressions, together.results, strict=True):
        alone = stub.Ground(request_of(wire, scene, expression, max_boxes=3), timeout=30)
        assert list(alone.results[0].boxes) == list(result.boxes)


def test_max_boxes_min_score_and_clipping_shape_the_answer(demo_server, wire, root):
    stub, scene = stub_of(wire, demo_server), root / "docs" / "demo" / "scene.png"
    every = stub.Ground(request_of(wire, scene, "plane", max_boxes=10), timeout=30)
    boxes = every.results[0].boxes
    assert len(boxes) == 10
    assert [box.score for box in boxes] == sorted((box.score for box in boxes), reverse=True)
    threshold = boxes[4].score
    kept = stub.Ground(request_of(wire, scene, "plane", max_boxes=10, min_score=threshold), timeout=30).results[0].boxes
    assert list(kept) == [box for box in boxes if box.score >= threshold]
    assert len(stub.Ground(request_of(wire, scene, "plane", min_score=1.0), timeout=30).results[0].boxes) == 0
    clipped = stub.Ground(request_of(wire, scene, "plane", max_boxes=10, clip_boxes=True), timeout=30)
    for box in clipped.results[0].boxes:
        assert 0 <= box.x_min <= box.x_max <= clipped.image_width
        assert 0 <= box.y_min <= box.y_max <= clipped.image_height


def reason_of(wire, error):
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    info = wire.details.ErrorInfo()
    assert wire.status.Status.FromString(details).details[0].Unpack(info)
    assert info.domain == "lqvg"
    return info.reason


@pytest.mark.parametrize("change, code, reason", [
    (dict(expressions=[]), grpc.StatusCode.INVALID_ARGUMENT, "FIELD_REQUIRED"),
    (dict(expressions=["  \u2003 "]), grpc.StatusCode.INVALID_ARGUMENT, "EXPRESSION_EMPTY"),
    (dict(expressions=["word " * 130]), grpc.StatusCode.INVALID_ARGUMENT, "EXPRESSION_TOO_LONG"),
    (dict(expressions=["plane"] * 33), grpc.StatusCode.INVALID_ARGUMENT, "TOO_MANY_EXPRESSIONS"),
    (dict(encoded=b"GIF89a not a picture of ours"), grpc.StatusCode.INVALID_ARGUMENT, "UNSUPPORTED_IMAGE_FORMAT"),
    (dict(truncate=-200), grpc.StatusCode.INVALID_ARGUMENT, "IMAGE_CORRUPT"),
    (dict(model="another"), grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND"),
    (dict(min_score=1.5), grpc.StatusCode.INVALID_ARGUMENT, "PARAMETER_OUT_OF_RANGE"),
])
def test_a_bad_request_is_told_what_is_wrong(demo_server, wire, root, change, code, reason):
    change = dict(change)
    picture = (root / "docs" / "demo" / "scene.png").read_bytes()
    picture = change.pop("encoded", picture[:change.pop("truncate", None)])
    request = wire.pb.GroundRequest(image=wire.pb.Image(encoded=picture), **{"expressions": ["plane"], **change})
    with pytest.raises(grpc.RpcError) as error:
        stub_of(wire, demo_server).Ground(request, timeout=30)
    assert error.value.code() == code
    assert reason_of(wire, error.value) == reason


def test_get_model_says_what_is_served(demo_server, wire, root):
    answer = stub_of(wire, demo_server).GetModel(wire.pb.GetModelRequest(), timeout=10)
    config = json.loads((root / "models" / "demo" / "config.json").read_text())
    assert answer.model.name == "demo"
    assert len(answer.model.digest) == 64
    assert answer.input_size == config["input_size"]
    assert answer.num_queries == config["num_queries"]
    assert (answer.device, answer.precision) == ("cpu", "fp32")
    assert answer.limits.max_request_bytes == 16 << 20
    assert answer.server.version == (root / "VERSION").read_text().strip()


def test_metrics_count_calls(demo_server, wire, root):
    def requests_ok():
        text = urllib.request.urlopen(f"http://{demo_server.metrics}/metrics", timeout=10).read().decode()
        lines = [line for line in text.splitlines() if line.startswith("lqvg_requests_total{") and 'code="OK"' in line and 'method="Ground"' in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    before = requests_ok()
    stub_of(wire, demo_server).Ground(request_of(wire, root / "docs" / "demo" / "scene.png", "plane"), timeout=30)
    assert requests_ok() == before + 1


def run_lqvg(binaries, server, *arguments):
    environment = {name: value for name, value in os.environ.items() if name != "LQVG_SERVER"}
    return subprocess.run([binaries / "lqvg", *arguments, "--server", server.address], capture_output=True, text=True, timeout=60,
                          env=environment)


def test_health_says_serving(binaries, demo_server):
    healthy = run_lqvg(binaries, demo_server, "health")
    assert healthy.returncode == 0, healthy.stderr
    assert "SERVING" in healthy.stdout


def test_the_command_line_prints_the_response_as_json(binaries, demo_server, wire, root):
    scene = root / "docs" / "demo" / "scene.png"
    shown = run_lqvg(binaries, demo_server, "ground", str(scene), "the red ship", "plane", "--json")
    assert shown.returncode == 0, shown.stderr
    answer = json.loads(shown.stdout)
    assert (answer["image_width"], answer["image_height"]) == (480, 360)
    response = stub_of(wire, demo_server).Ground(request_of(wire, scene, "the red ship", "plane"), timeout=30)
    for printed, result in zip(answer["results"], response.results, strict=True):
        assert printed["boxes"][0]["score"] == pytest.approx(result.boxes[0].score, abs=1e-6)


def test_the_command_line_draws_the_boxes(binaries, demo_server, root, tmp_path):
    from PIL import Image, ImageChops
    scene, drawing = root / "docs" / "demo" / "scene.png", tmp_path / "boxes.png"
    drawn = run_lqvg(binaries, demo_server, "ground", str(scene), "the red ship", "--clip", "--top", "10", "--draw", str(drawing))
    assert drawn.returncode == 0, drawn.stderr
    before, after = Image.open(scene).convert("RGB"), Image.open(drawing).convert("RGB")
    assert after.size == before.size
    assert ImageChops.difference(before, after).getbbox() is not None


@pytest.mark.parametrize("expression, picture, code, told", [
    ("", None, 3, "EXPRESSION_EMPTY"),
    ("plane", b"", 3, "FIELD_REQUIRED"),
])
def test_the_command_line_lets_the_server_judge(binaries, demo_server, root, tmp_path, expression, picture, code, told):
    path = root / "docs" / "demo" / "scene.png"
    if picture is not None:
        path = tmp_path / "picture.png"
        path.write_bytes(picture)
    refused = run_lqvg(binaries, demo_server, "ground", "--image", str(path), "--expression", expression)
    assert refused.returncode == code, refused.stderr
    assert told in refused.stderr


def test_sigterm_answers_what_was_accepted_and_exits_cleanly(start_server, wire, root):
    server = start_server(root / "models" / "demo")
    stub = stub_of(wire, server)
    # Without the caches, which would answer before the last request is sent.
    request = request_of(wire, root / "docs" / "demo" / "scene.png", *(["plane"] * 32), max_boxes=10,
                         cache_policy=wire.pb.CACHE_POLICY_BYPASS)
    stub.Ground(request, timeout=30)  # the channel is up
    calls = [stub.Ground.future(request, timeout=60) for _ in range(8)]
    calls[0].result()  # the others are on the server, queued or running
    server.send(signal.SIGTERM)
    codes = []
    for call in calls[1:]:
        error = call.exception()
        codes.append(grpc.StatusCode.OK if error is None else error.code())
    assert set(codes) <= {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
    assert codes[0] == grpc.StatusCode.OK
    assert server.exit_code() == 0
