"""The demo model asked by Triton's own client: the answers are those of our own API, to the last bit."""
import pathlib
import sys

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton

from triton_client import best_boxes, infer

SCENE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "demo" / "scene.png"
EXPRESSIONS = ["the red vehicle", "the building on the upper left", "the plane"]


@pytest.fixture(scope="module")
def ground(stubs, demo_server):
    """ground(picture, expressions) -> (boxes, scores) by our own API."""
    sys.path.insert(0, str(stubs))
    from lqvg.v1 import grounding_pb2, grounding_pb2_grpc
    stub = grounding_pb2_grpc.GroundingServiceStub(grpc.insecure_channel(demo_server.address))
    yield lambda picture, expressions: best_boxes(stub.Ground(
        grounding_pb2.GroundRequest(image=grounding_pb2.Image(encoded=picture), expressions=expressions)))
    sys.path.remove(str(stubs))


@pytest.fixture(scope="module")
def client(demo_server):
    with triton.InferenceServerClient(demo_server.address) as client:
        yield client


def test_one_picture(client, ground):
    picture = SCENE.read_bytes()
    boxes, scores = infer(client, [picture], EXPRESSIONS, model_name="demo")
    expected_boxes, expected_scores = ground(picture, EXPRESSIONS)
    assert np.array_equal(boxes, expected_boxes) and np.array_equal(scores, expected_scores)


def test_pairs(client, ground):
    pictures = [SCENE.read_bytes(), SCENE.with_name("boxes.png").read_bytes()]
    boxes, scores = infer(client, pictures, EXPRESSIONS[:2], column=True, model_name="demo")
    for index, picture in enumerate(pictures):
        expected_boxes, expected_scores = ground(picture, [EXPRESSIONS[index]])
        assert np.array_equal(boxes[index:index + 1], expected_boxes)
        assert np.array_equal(scores[index:index + 1], expected_scores)
