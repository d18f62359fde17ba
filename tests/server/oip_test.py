"""The Open Inference Protocol as Triton's own client speaks it, against the real program around the fake model."""
import hashlib
import io

import numpy as np
import pytest
import tritonclient.grpc as triton
from PIL import Image
from tritonclient.utils import InferenceServerException

from server_process import PATIENCE_SECONDS, PICTURE, await_true
from triton_client import best_boxes, infer, tensor

EXPRESSIONS = ["the red ship", "a plane", "the storage tank on the left"]


def make_picture(number):
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (number, 0, 0)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def connect(make_server):
    """connect(*flags) -> (a server that is ready, Triton's client of it)"""
    clients = []

    def connect(*flags):
        server = make_server(*flags).start().await_ready()
        clients.append(triton.InferenceServerClient(server.address))
        return server, clients[-1]

    yield connect
    for client in clients:
        client.close()


def ground(server, picture, expressions):
    grounding = server.protos.grounding
    request = grounding.GroundRequest(expressions=expressions)
    request.image.encoded = picture
    return best_boxes(server.call("/lqvg.v1.GroundingService/Ground", request, grounding.GroundResponse)(
        request, timeout=PATIENCE_SECONDS))


def status_of(client, *arguments, **options):
    with pytest.raises(InferenceServerException) as failure:
        infer(client, *arguments, **options)
    return failure.value.status(), failure.value.message()


def test_it_tells_what_it_is(connect):
    _, client = connect("--model-name=demo")
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("demo")
    assert client.is_model_ready("demo", "1")
    assert not client.is_model_ready("another") and not client.is_model_ready("demo", "2")
    assert client.get_server_metadata().name == "lqvg-server"
    metadata = client.get_model_metadata("demo", as_json=True)
    assert [(tensor["name"], tensor["datatype"], tensor["shape"]) for tensor in metadata["inputs"] + metadata["outputs"]] == [
        ("IMAGE", "BYTES", ["-1"]), ("EXPRESSION", "BYTES", ["-1"]), ("BOXES", "FP32", ["-1", "4"]), ("SCORES", "FP32", ["-1"])]
    for not_served in (client.get_model_config, client.get_inference_statistics, client.load_model):
        with pytest.raises(InferenceServerException, match="UNIMPLEMENTED"):
            not_served("demo")


@pytest.mark.parametrize("column", [False, True])
def test_one_pictures_answers_are_those_of_ground(connect, column):
    server, client = connect()
    boxes, scores = infer(client, [PICTURE], EXPRESSIONS, column)
    assert (boxes.shape, boxes.dtype, scores.shape, scores.dtype) == ((3, 4), np.float32, (3,), np.float32)
    expected_boxes, expected_scores = ground(server, PICTURE, EXPRESSIONS)
    assert np.array_equal(boxes, expected_boxes) and np.array_equal(scores, expected_scores)
    assert len(np.unique(scores)) == 3, "else the order is not tested"


@pytest.mark.parametrize("column", [False, True])
def test_pairs_answers_are_those_of_ground(connect, column):
    server, client = connect()
    pictures = [make_picture(1), make_picture(2), make_picture(1), PICTURE]
    expressions = [*EXPRESSIONS, EXPRESSIONS[0]]
    boxes, scores = infer(client, pictures, expressions, column)
    expected = [ground(server, *pair) for pair in zip(pictures, ([text] for text in expressions))]
    assert np.array_equal(boxes, np.concatenate([boxes for boxes, _ in expected]))
    assert np.array_equal(scores, np.concatenate([scores for _, scores in expected]))


def test_outputs_are_those_asked_for(connect):
    _, client = connect()
    boxes, scores = infer(client, [PICTURE], EXPRESSIONS, outputs=[triton.InferRequestedOutput("SCORES")])
    assert boxes is None and scores.shape == (3,)


def test_the_id_comes_back_and_is_in_the_log(connect):
    server, client = connect("--log-level=debug")
    inputs = [tensor("IMAGE", [PICTURE]), tensor("EXPRESSION", [b"a plane"])]
    assert client.infer("", inputs, request_id="ticket-7").get_response().id == "ticket-7"
    server.find(r"(call method=ModelInfer code=OK request_id=ticket-7 )")


def test_errors_are_in_terms_of_the_tensors(connect):
    _, client = connect()
    assert status_of(client, [PICTURE[:-200]], ["a plane"])[0] == "StatusCode.INVALID_ARGUMENT"
    assert status_of(client, [PICTURE], ["a plane", " "])[1].startswith("inputs[EXPRESSION][1]: ")
    assert status_of(client, [PICTURE, make_picture(1), b"no picture"], EXPRESSIONS)[0] == "StatusCode.INVALID_ARGUMENT"
    assert status_of(client, [PICTURE] * 2, EXPRESSIONS)[1].startswith("inputs[IMAGE].shape: ")
    assert status_of(client, [PICTURE], EXPRESSIONS, model_name="another")[0] == "StatusCode.NOT_FOUND"
    assert status_of(client, [PICTURE], EXPRESSIONS, model_version="2")[0] == "StatusCode.NOT_FOUND"
    output = triton.InferRequestedOutput("LABELS")
    assert status_of(client, [PICTURE], EXPRESSIONS, outputs=[output])[0] == "StatusCode.INVALID_ARGUMENT"


def test_a_timeout_ends_the_call_although_the_model_waits(connect):
    server, client = connect()
    server.gates["ground"].close()
    status, _ = status_of(client, [PICTURE, make_picture(1)], EXPRESSIONS[:2], timeout=50_000)
    assert status == "StatusCode.DEADLINE_EXCEEDED"
    await_true(lambda: "lqvg_inflight_requests 0" in server.scrape(), "no picture of it is left")


def test_it_asks_for_credentials(connect, tmp_path):
    clients = tmp_path / "clients"
    clients.write_text(f"lab token {hashlib.sha256(b'secret').hexdigest()}\n")
    _, client = connect(f"--clients={clients}")
    assert client.is_server_live() and client.is_server_ready()
    assert status_of(client, [PICTURE], EXPRESSIONS)[0] == "StatusCode.UNAUTHENTICATED"
    _, scores = infer(client, [PICTURE], EXPRESSIONS, headers={"authorization": "Bearer secret"})
    assert scores.shape == (3,)
