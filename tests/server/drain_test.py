"""A hundred SIGTERMs under load: every call that the server admitted is answered, and the client gets the answer."""
import queue
import random
import re
import signal
import time
from typing import NamedTuple

import grpc
import pytest

ROUNDS = 100
# The fake model takes 5 ms, and finishing a call is slow, too, so that there is always one to be lost.
FAULTS = "executing:delay=5ms,finishing:delay=1ms"
CAPACITY = 1 / 0.006  # calls a second
RATE = 0.7 * CAPACITY
EXIT_SECONDS = 2  # beyond the drain delay
SIDE = 16


@pytest.fixture
def request_bytes(protos):
    grounding = protos.grounding
    image = grounding.Image(raw=grounding.RawImage(data=bytes(SIDE * SIDE * 3), width=SIDE, height=SIDE))
    return grounding.GroundRequest(image=image, expressions=["the red ship"]).SerializeToString()


class Round(NamedTuple):
    admitted: int  # by the server's own count
    answered: int  # the rest as the client saw it
    refused: int
    not_taken: int  # safe to repeat, as long as no admitted call is among them
    others: list


class Load:
    """Calls that come at random times, whatever becomes of the earlier ones."""

    def __init__(self, server, request, dice):
        self.ground = server.channel.unary_unary("/lqvg.v1.GroundingService/Ground")
        self.request, self.dice = request, dice
        self.ended = queue.SimpleQueue()
        self.sent = 0
        self.next_at = time.monotonic()

    def send_until(self, is_over):
        while not is_over():
            wait = self.next_at - time.monotonic()
            if wait > 0:
                time.sleep(min(wait, 0.002))
                continue
            self.next_at += self.dice.expovariate(RATE)
            self.sent += 1
            self.ground.future(self.request, timeout=20).add_done_callback(self.ended.put)

    def calls(self):
        return [self.ended.get(timeout=30) for _ in range(self.sent)]


def run_round(make_server, request, dice):
    """One server's life: how many calls it admitted, answered and refused, how many it did not take, and what else came."""
    delay_ms = dice.choice([0, 50, 100])
    server = make_server(f"--drain-delay={delay_ms}ms", f"--fault-points={FAULTS}").start().await_ready()
    load = Load(server, request, dice)
    signal_at = time.monotonic() + dice.uniform(0.02, 0.2)
    load.send_until(lambda: time.monotonic() > signal_at)
    server.send(signal.SIGTERM)
    signalled = time.monotonic()
    load.send_until(lambda: server.process.poll() is not None or time.monotonic() > signalled + 10)
    took = time.monotonic() - signalled
    assert server.exit_code(0) == 0, server.log()
    assert took <= delay_ms / 1000 + EXIT_SECONDS

    answered = refused = not_taken = 0
    others = []
    for call in load.calls():
        if call.code() == grpc.StatusCode.OK:
            answered += 1
        elif server.reason_of(call) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN"):
            refused += 1
        elif call.code() == grpc.StatusCode.UNAVAILABLE:  # no connection, or it ended with the process
            not_taken += 1
        else:
            others.append((call.code(), call.details()))
    server.channel.close()
    admitted = int(re.search(r"stopped: every call was answered.*calls_admitted=(\d+)", server.log()).group(1))
    return Round(admitted, answered, refused, not_taken, others)


def test_a_hundred_stops_under_load_lose_no_call(make_server, request_bytes):
    dice = random.Random(1)
    rounds = [run_round(make_server, request_bytes, dice) for _ in range(ROUNDS)]
    assert [one for one in rounds if one.others or one.admitted != one.answered] == []
    answered, refused, not_taken = (sum(getattr(one, name) for one in rounds)
                                    for name in ("answered", "refused", "not_taken"))
    print(f"{answered} calls were answered, {refused} refused, {not_taken} not taken")
    assert answered > 10 * ROUNDS and refused > 0 and not_taken > 0, "the load exercises all of them"
