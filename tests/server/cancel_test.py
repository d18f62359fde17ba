"""Ten thousand callers leave at random moments, with a delay at every fault point: the server's counters still add up."""
import queue
import random
import re
import time

import grpc
import pytest

CALLS = 10_000
AT_ONCE = 64
PICTURES = 8
SIDE = 16
DELAYS = ",".join(f"{point}:delay={delay}" for point, delay in [
    ("parsed", "1ms"), ("queued", "1ms"), ("batched", "1ms"), ("executing", "2ms"), ("finishing", "200us")])
TIMEOUT_SECONDS = 60


@pytest.fixture
def server(make_server):
    return make_server(f"--fault-points={DELAYS}", "--max-batch-images=8", "--decode-threads=4",
                       "--max-concurrent-streams=64").start().await_ready()


@pytest.fixture
def requests(protos):
    """Serialized Ground requests, each about a picture of its own."""
    grounding = protos.grounding
    pixels = [bytes([picture]) * (SIDE * SIDE * 3) for picture in range(PICTURES)]
    images = [grounding.Image(raw=grounding.RawImage(data=data, width=SIDE, height=SIDE)) for data in pixels]
    return [grounding.GroundRequest(image=image, expressions=["the red ship"]).SerializeToString() for image in images]


class Callers:
    """AT_ONCE callers who ask about pictures drawn at random."""

    def __init__(self, channel, requests, parse):
        self.ground = channel.unary_unary("/lqvg.v1.GroundingService/Ground")
        self.requests, self.parse = requests, parse
        self.random = random.Random(1)
        self.boxes = [parse(self.ground(request, timeout=TIMEOUT_SECONDS)).results for request in requests]
        self.ended = queue.SimpleQueue()
        self.codes = []
        self.crossed = 0
        self.latency = 0

    def make_calls(self, count, patience):
        """Makes `count` calls, each of which is cancelled after a random part of `patience()` seconds."""
        waiting = {}  # call: when its caller leaves
        while count > 0 or waiting:
            if count > 0 and len(waiting) < AT_ONCE:
                count -= 1
                call = self.start()
                waiting[call] = time.monotonic() + self.random.uniform(0, patience())
            for call in [call for call, leave_at in waiting.items() if leave_at <= time.monotonic()]:
                waiting[call] = float("inf")
                call.cancel()
            while len(waiting) == AT_ONCE or (waiting and count == 0) or not self.ended.empty():
                try:
                    del waiting[self.note(*self.ended.get(timeout=0.0005))]
                except queue.Empty:
                    break

    def start(self):
        picture, begun = self.random.randrange(PICTURES), time.monotonic()
        call = self.ground.future(self.requests[picture], timeout=TIMEOUT_SECONDS)
        call.add_done_callback(lambda ended: self.ended.put((ended, picture, time.monotonic() - begun)))
        return call

    def note(self, call, picture, seconds):
        self.codes.append(call.code())
        if call.code() == grpc.StatusCode.OK:
            self.latency = 0.9 * self.latency + 0.1 * seconds if self.latency else seconds
            self.crossed += self.parse(call.result()).results != self.boxes[picture]
        return call


def total(metrics, series):
    """The sum of all samples whose name and labels match."""
    return sum(float(value) for value in re.findall(rf"^{series} (\S+)$", metrics, re.M))


def answered_by_code(metrics, code):
    return total(metrics, rf'lqvg_requests_total{{code="{code}",method="Ground",reason="\w*"}}')


def scrape_when_settled(server):
    """The metrics once the last caller's leaving has reached the server: every call that was received is answered."""
    give_up = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < give_up:
        metrics = server.scrape()
        if total(metrics, "lqvg_requests_received_total") == answered_by_code(metrics, r"\w+"):
            return metrics
    raise AssertionError(f"calls are lost:\n{metrics}")


def test_ten_thousand_callers_who_leave_are_all_accounted_for(server, requests, protos):
    callers = Callers(server.channel, requests, protos.grounding.GroundResponse.FromString)
    callers.make_calls(2 * AT_ONCE, patience=lambda: TIMEOUT_SECONDS * 1e6)  # to know how long an answer takes
    callers.make_calls(CALLS, patience=lambda: 2 * callers.latency)

    sent = PICTURES + 2 * AT_ONCE + CALLS
    answered = PICTURES + callers.codes.count(grpc.StatusCode.OK)
    cancelled = callers.codes.count(grpc.StatusCode.CANCELLED)
    assert answered + cancelled == sent, f"each call ends, and in no third way: {set(callers.codes)}"
    assert answered > CALLS / 10 and cancelled > CALLS / 10, "the load exercises both"
    assert callers.crossed == 0

    metrics = scrape_when_settled(server)
    received = total(metrics, "lqvg_requests_received_total")
    ok = answered_by_code(metrics, "OK")
    assert received == ok + answered_by_code(metrics, "CANCELLED"), "and to the server there is no third way either"
    # A call that is cancelled before it is sent never arrives; an answer may come when its caller has just left.
    assert received <= sent and ok >= answered
    assert total(metrics, "lqvg_inflight_requests") == total(metrics, "lqvg_pending_requests") == 0
    assert total(metrics, "lqvg_queue_bytes") == 0
    assert total(metrics, "lqvg_expired_executed_total") == 0
    assert total(metrics, "lqvg_batch_expressions_sum") < received, "what is cancelled in the queue does not run"
