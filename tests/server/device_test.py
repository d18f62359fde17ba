"""A device that fails while the server runs, from outside: what callers, probes and the supervisor of the process see."""
import re
import signal
import threading
import time

import grpc
import pytest

PATIENCE_SECONDS = 30
EXIT_SECONDS = 5  # the contract's
SERVING, NOT_SERVING = 1, 2  # of grpc.health.v1
SERVICES = ("", "lqvg.v1.GroundingService", "lqvg.liveness")
DEVICE_LOST = (grpc.StatusCode.UNAVAILABLE, "DEVICE_LOST")


class Watch:
    """Every status that a health watch tells, when, and how it ends."""

    def __init__(self, server, service):
        health = server.protos.health
        watch = server.channel.unary_stream("/grpc.health.v1.Health/Watch", health.HealthCheckRequest.SerializeToString,
                                            health.HealthCheckResponse.FromString)
        self.statuses, self.times, self.end = [], [], None
        self.told = threading.Event()
        self.thread = threading.Thread(target=self.read, args=(watch(health.HealthCheckRequest(service=service)),))
        self.thread.start()
        assert self.told.wait(PATIENCE_SECONDS)

    def read(self, stream):
        try:
            for response in stream:
                self.statuses.append(response.status)
                self.times.append(time.monotonic())
                self.told.set()
        except grpc.RpcError as error:
            self.end = error.code(), error.details()

    def join(self):
        self.thread.join(PATIENCE_SECONDS)
        return self.statuses


def errors_of(server, kind):
    return int(re.search(rf'lqvg_device_errors_total{{class="{kind}"}} (\d+)', server.scrape()).group(1))


@pytest.mark.parametrize("faults,flags", [
    ("executing:delay=300ms,executing:fail=device_lost", []),
    ("batched:fail=device_lost,batched:delay=300ms", []),
    ("executing:fail=hang", ["--device-timeout=300ms"]),
    ("batched:fail=hang", ["--device-timeout=300ms"]),
])
def test_a_lost_device_is_told_to_everybody_and_ends_the_process_with_70(make_server, faults, flags):
    server = make_server(f"--fault-points={faults}", *flags).start().await_ready()
    watches = [Watch(server, service) for service in SERVICES]
    begun = time.monotonic()
    calls = [server.ground() for _ in range(10)]  # one with the model, the others queued
    assert [server.reason_of(call) for call in calls] == [DEVICE_LOST] * len(calls)
    answered = time.monotonic()
    assert server.exit_code(EXIT_SECONDS) == 70
    for watch in watches:
        assert watch.join() == [SERVING, NOT_SERVING]
        assert begun < watch.times[-1] < answered + 1
        assert watch.end == (grpc.StatusCode.UNAVAILABLE, "the server is shutting down")
    assert re.search("error +the device (is lost|hangs)", server.log()), server.log()


def test_a_device_lost_while_draining_ends_the_process_with_70_at_once(make_server):
    server = make_server("--drain-delay=20s", "--fault-points=executing:fail=device_lost").start().await_ready()
    server.send(signal.SIGTERM)
    server.find("(SIGTERM: stopping)")
    assert server.reason_of(server.ground()) == DEVICE_LOST
    assert server.exit_code(EXIT_SECONDS) == 70


def test_too_little_device_memory_fails_the_call_and_not_the_server(make_server):
    server = make_server("--fault-points=executing:fail=device_memory").start().await_ready()
    for _ in range(20):
        assert server.reason_of(server.ground()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "DEVICE_MEMORY")
    assert errors_of(server, "out_of_memory") == 20
    assert errors_of(server, "sticky") == errors_of(server, "hang") == 0
    assert [server.health(service) for service in SERVICES] == [SERVING] * 3


def test_a_batch_that_comes_back_in_time_is_no_hang(make_server):
    server = make_server("--fault-points=executing:delay=100ms", "--device-timeout=2s").start().await_ready()
    for _ in range(3):
        assert len(server.ground().result(timeout=PATIENCE_SECONDS).results) == 1
    assert errors_of(server, "hang") == 0


def test_injected_faults_are_announced_and_by_default_there_are_none(make_server):
    faulty = make_server("--fault-points=parsed:delay=1ms").start().await_ready()
    assert re.search("warning +FAULTS ARE PUT INTO THIS SERVER ON PURPOSE.*parsed:delay=1ms", faulty.log()), faulty.log()
    assert "FAULTS" not in make_server().start().await_ready().log()


def test_a_fault_that_cannot_be_read_ends_with_2_and_says_why(make_server):
    server = make_server("--fault-points=parsed:fail=hang").start()
    assert server.exit_code() == 2
    assert "only batched and executing can fail" in server.log()


def test_watches_are_told_every_change_of_a_servers_life(make_server):
    server = make_server("--drain-delay=200ms")
    server.gates["load"].close()
    server.start().await_listening()
    server.gates["load"].await_arrival()
    watches = {service: Watch(server, service) for service in SERVICES}
    server.gates["load"].open()
    server.find("(ready: )")
    while any(len(watches[service].statuses) < 2 for service in SERVICES[:2]):  # a change that is not read yet is merged
        time.sleep(0.01)
    server.send(signal.SIGTERM)
    assert server.exit_code() == 0
    for service in SERVICES[:2]:
        assert watches[service].join() == [NOT_SERVING, SERVING, NOT_SERVING], service
    assert watches["lqvg.liveness"].join() == [SERVING], "a server that stops is alive"
    assert {watch.end for watch in watches.values()} == {(grpc.StatusCode.UNAVAILABLE, "the server is shutting down")}
