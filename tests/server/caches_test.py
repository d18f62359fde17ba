"""The caches from outside: what a second call is answered, and to whom a digest is of use."""
import hashlib
import signal

import grpc
import pytest

from server_process import PATIENCE_SECONDS, PICTURE

BUDGETS = ("--image-cache-bytes=512MiB", "--text-cache-bytes=64MiB", "--response-cache-bytes=64MiB")
DIGEST = hashlib.sha256(PICTURE).digest()
NOT_CACHED = (grpc.StatusCode.NOT_FOUND, "IMAGE_NOT_CACHED")


@pytest.fixture
def serve(make_server):
    return lambda *flags: make_server(*BUDGETS, *flags).start().await_ready()


def ask(server, *expressions, image=None, token=None, **fields):
    """A Ground call by the picture's bytes, or by `image`; its future."""
    grounding = server.protos.grounding
    request = grounding.GroundRequest(expressions=expressions, image=image or {"encoded": PICTURE}, **fields)
    ground = server.call("/lqvg.v1.GroundingService/Ground", request, grounding.GroundResponse)
    metadata = [("authorization", f"Bearer {token}")] if token else []
    return ground.future(request, metadata=metadata, timeout=PATIENCE_SECONDS)


def told(server, response):
    """(image cache, text hits, response hits) of the receipt."""
    outcome = server.protos.grounding.CacheOutcome.Name(response.receipt.image_cache)
    return outcome.removeprefix("CACHE_OUTCOME_"), response.receipt.text_cache_hits, response.receipt.response_cache_hits


def sample(server, name):
    return next(float(line.split()[-1]) for line in server.scrape().splitlines() if line.startswith(name + " "))


def test_a_second_call_is_answered_without_the_model(serve):
    server = serve()
    first = ask(server, "the red ship", "a plane").result()
    assert told(server, first) == ("MISS", 0, 0)
    assert first.image_retained and first.image_digest == DIGEST
    batches = sample(server, "lqvg_batch_images_count")

    again = ask(server, "a  plane", "the red ship").result()
    assert told(server, again) == ("HIT", 0, 2)
    assert list(again.results) == list(reversed(first.results))
    assert (again.image_width, again.image_height) == (first.image_width, first.image_height)
    assert again.receipt.batch_images == 0 and not again.receipt.model_time.ToNanoseconds()
    assert sample(server, "lqvg_batch_images_count") == batches

    assert told(server, ask(server, "a plane", "the pier").result()) == ("HIT", 0, 1)
    assert sample(server, 'lqvg_cache_hits_total{cache="image"}') == 2
    assert sample(server, 'lqvg_cache_misses_total{cache="image"}') == 1
    assert sample(server, 'lqvg_cache_hits_total{cache="response"}') == 3
    assert sample(server, 'lqvg_cache_misses_total{cache="text"}') == 3
    assert sample(server, 'lqvg_cache_bytes{cache="image"}') > 0


def test_a_picture_that_is_retained_can_be_named_by_its_digest(serve):
    server = serve()
    assert server.reason_of(ask(server, "a plane", image={"digest": DIGEST})) == NOT_CACHED
    first = ask(server, "a plane").result()
    by_digest = ask(server, "a plane", "the pier", image={"digest": DIGEST}).result()
    assert by_digest.results[0] == first.results[0]
    assert by_digest.image_retained and by_digest.image_digest == DIGEST
    turned = {"digest": DIGEST, "apply_exif_orientation": True}
    assert server.reason_of(ask(server, "a plane", image=turned)) == NOT_CACHED


def test_who_bypasses_the_caches_leaves_no_trace_in_them(serve):
    server = serve()
    bypass = server.protos.grounding.CACHE_POLICY_BYPASS
    for _ in range(2):
        response = ask(server, "a plane", cache_policy=bypass).result()
        assert told(server, response) == ("OFF", 0, 0)
        assert not response.image_retained
        assert server.reason_of(ask(server, "a plane", image={"digest": DIGEST}, cache_policy=bypass)) == NOT_CACHED
        assert told(server, ask(server, "a plane").result())[0] in ("MISS", "HIT")
    assert sample(server, 'lqvg_cache_misses_total{cache="image"}') == 1


def test_a_digest_is_of_use_to_who_has_sent_the_bytes_alone(serve, tmp_path):
    clients = tmp_path / "clients"
    clients.write_text("".join(f"{name} token {hashlib.sha256(name.encode()).hexdigest()}\n" for name in ("alice", "bob")))
    server = serve(f"--clients={clients}")
    digest = {"digest": DIGEST}
    assert ask(server, "a plane", token="alice").result().image_retained
    assert server.reason_of(ask(server, "a plane", image=digest, token="bob")) == NOT_CACHED
    assert told(server, ask(server, "a plane", image=digest, token="alice").result()) == ("HIT", 0, 1)
    assert told(server, ask(server, "a plane", token="bob").result()) == ("HIT", 0, 1)
    assert ask(server, "a plane", image=digest, token="bob").result().image_retained


def test_caches_can_be_off(make_server):
    server = make_server().start().await_ready()
    for _ in range(2):
        response = ask(server, "a plane").result()
        assert told(server, response) == ("OFF", 0, 0)
        assert not response.image_retained
    assert sample(server, 'lqvg_cache_misses_total{cache="image"}') == 0


def test_what_is_cached_goes_before_the_model_does(serve):
    server = serve("--drain-delay=0s")
    assert ask(server, "a plane").result().image_retained
    server.send(signal.SIGTERM)
    assert server.exit_code() == 0  # the fake model aborts when it is outlived
