"""The demo model's answers do not depend on what is cached: random mixes through the socket, with and without caches."""
import hashlib
import random
import subprocess

import grpc
import pytest

from lqvg.v1 import grounding_pb2 as v1
from lqvg.v1 import grounding_pb2_grpc

TOLERANCE = 1e-5  # of a score, and of a box over the longer side
EXPRESSIONS = ("the red ship", "a plane", "the large storage tank", "the court on the left", "a bridge")
TIMEOUT_SECONDS = 60


@pytest.fixture(scope="module")
def pictures(binaries, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes")
    subprocess.run([binaries / "lqvg-scenes", "--seed", "3100000", "--count", "3", "--out", folder], check=True)
    files = [path.read_bytes() for path in sorted(folder.glob("*.png"))]
    assert len(files) == 3
    return files


def difference(answer, alone):
    """Greatest difference of two answers to the same request: of scores, and of boxes over the longer side."""
    assert (answer.image_width, answer.image_height) == (alone.image_width, alone.image_height)
    assert answer.image_digest == alone.image_digest
    side = max(answer.image_width, answer.image_height)
    worst = 0.0
    for result, expected in zip(answer.results, alone.results, strict=True):
        for box, truth in zip(result.boxes, expected.boxes, strict=True):
            worst = max(worst, abs(box.score - truth.score))
            for edge in ("x_min", "y_min", "x_max", "y_max"):
                worst = max(worst, abs(getattr(box, edge) - getattr(truth, edge)) / side)
    return worst


@pytest.mark.parametrize("flags", [(), ("--image-cache-bytes=8MiB", "--text-cache-bytes=64KiB",
                                        "--response-cache-bytes=8KiB")], ids=["default", "tiny"])
def test_answers_are_the_same_with_and_without_caches(start_server, root, pictures, flags):
    draw = random.Random(20261129)
    server = start_server(root / "models" / "demo", *flags)
    outcomes = set()
    with grpc.insecure_channel(server.address) as channel:
        ground = grounding_pb2_grpc.GroundingServiceStub(channel).Ground
        for _ in range(40):
            picture = draw.choice(pictures)
            request = v1.GroundRequest(expressions=draw.choices(EXPRESSIONS, k=draw.randint(1, 3)),
                                       image={"encoded": picture}, max_boxes=draw.randint(1, 5),
                                       clip_boxes=draw.random() < 0.5)
            alone = v1.GroundRequest()
            alone.CopyFrom(request)
            alone.cache_policy = v1.CACHE_POLICY_BYPASS
            expected = ground(alone, timeout=TIMEOUT_SECONDS)
            assert expected.receipt.image_cache == v1.CACHE_OUTCOME_OFF
            answer = ground(request, timeout=TIMEOUT_SECONDS)
            assert difference(answer, expected) <= TOLERANCE
            receipt = answer.receipt
            outcomes.add((v1.CacheOutcome.Name(receipt.image_cache)[14:], receipt.response_cache_hits > 0))
            if answer.image_retained:
                request.image.digest = hashlib.sha256(picture).digest()
                assert difference(ground(request, timeout=TIMEOUT_SECONDS), expected) <= TOLERANCE
    assert {outcome for outcome, _ in outcomes} == {"MISS", "HIT"}
    assert any(responses for _, responses in outcomes) or flags
