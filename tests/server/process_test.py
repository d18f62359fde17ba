"""The server's process from outside: flags, ports, readiness, signals, exit codes."""
import json
import re
import resource
import signal
import socket

import grpc
import pytest

from server_process import (PATIENCE_SECONDS, PROMPTLY_SECONDS, ROOT, SERVING, STARTING, await_true, hold_a_batch,
                            read_process, run)


# --- Flags ---


def test_help_lists_flags_with_their_variables():
    result = run("--help")
    assert result.returncode == 0
    assert "--drain-delay" in result.stdout and "LQVG_DRAIN_DELAY" in result.stdout
    assert result.stderr == ""


def test_version_names_version_and_commit():
    result = run("--version")
    version = re.escape((ROOT / "VERSION").read_text().strip())
    assert result.returncode == 0
    assert re.fullmatch(rf"lqvg-fake-server {version}( [0-9a-f]{{12}}(-dirty)?)?\n", result.stdout)


def test_print_config_says_where_each_value_comes_from():
    result = run("--print-config", "--threads=3", LQVG_QUEUE_REQUESTS="7", LQVG_TYPO="1")
    assert result.returncode == 0
    assert re.search(r"^--threads=3 +# flag$", result.stdout, re.M)
    assert re.search(r"^--queue-requests=7 +# environment$", result.stdout, re.M)
    assert re.search(r"^--drain-timeout=25s +# default$", result.stdout, re.M)
    assert re.search(r"^--decode-threads=[1-9]\d* +# default$", result.stdout, re.M), "the number in force, not 0"
    assert "LQVG_TYPO" in result.stderr


@pytest.mark.parametrize("flags,words", [
    (["--drain-dely=5s"], "did you mean --drain-delay?"),
    (["--drain-delay=5"], "not a duration"),
    (["--max-request-bytes=65MiB"], "64KiB..64MiB"),
    (["--listen=0.0.0.0:0"], "--insecure"),
    (["--drain-delay=30s"], "--drain-timeout=25s"),
    (["stray"], "unexpected argument"),
])
def test_a_wrong_configuration_ends_with_2_and_says_why(flags, words):
    result = run(*flags)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stdout == ""


def test_check_says_what_the_directory_holds():
    result = run("--check", f"--model={ROOT / 'models' / 'demo'}", "--model-name=mine")
    assert result.returncode == 0, result.stderr
    assert re.search(r"name +mine", result.stdout)
    assert re.search(r"digest +0{64}", result.stdout)


def test_check_fails_with_1_and_names_the_fault():
    result = run("--check", FAKE_LOAD_ERROR="model.safetensors: tensor class_embed.0.bias is missing")
    assert result.returncode == 1
    assert "tensor class_embed.0.bias is missing" in result.stderr


# --- Starting ---


def test_ports_are_open_and_not_serving_while_the_model_loads(make_server):
    server = make_server()
    server.gates["load"].close()
    server.start().await_listening()
    server.gates["load"].await_arrival()
    assert server.health() == server.health("lqvg.v1.GroundingService") == STARTING
    assert server.health("lqvg.liveness") == SERVING
    assert "lqvg_build_info" in server.scrape()
    assert server.reason_of(server.ground()) == (grpc.StatusCode.UNAVAILABLE, "MODEL_LOADING")
    server.gates["load"].open()
    server.find(r"(ready: )")
    assert server.health() == server.health("lqvg.v1.GroundingService") == SERVING
    assert len(server.ground().result().results) == 1


def test_the_ready_line_says_what_is_served_where(make_server):
    server = make_server("--model-name=mine", "--threads=2").start().await_ready()
    line = r"ready: grpc (\S+), metrics (\S+), model mine \(0{12}\.\.\.\), cpu, 2 threads, loaded in \d+\.\d s"
    grpc_address, metrics_address = server.find(line)
    assert grpc_address == server.address
    assert server.metrics_url == f"http://{metrics_address}/metrics"
    assert 'lqvg_model_info{device="cpu",digest="' + "0" * 64 + '",name="mine",precision="fp32"} 1' in server.scrape()


def test_a_model_that_does_not_load_ends_with_1_and_one_line_that_says_why(make_server):
    server = make_server(environment={"FAKE_LOAD_ERROR": "config.json: num_queries is missing"}).start()
    assert server.exit_code() == 1
    lines = [line for line in server.log().splitlines() if " error " in line]
    assert len(lines) == 1 and "config.json: num_queries is missing" in lines[0], server.log()


def test_a_missing_model_directory_ends_with_1_and_is_named(make_server, tmp_path):
    server = make_server(f"--model={tmp_path / 'nowhere'}").start()
    assert server.exit_code() == 1
    assert "nowhere" in server.log()


@pytest.mark.parametrize("flag", ["--listen", "--metrics-listen"])
def test_a_taken_port_ends_with_1_and_is_named(make_server, flag):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        server = make_server(f"{flag}={address}").start()
        assert server.exit_code() == 1
    assert re.search(f"error .*{address}", server.log()), server.log()


def test_two_servers_do_not_share_a_port(make_server):
    first = make_server().start().await_ready()
    second = make_server(f"--listen={first.address}").start()
    assert second.exit_code() == 1


def test_openmp_threads_are_told_to_sleep(make_server):
    server = make_server().start().await_ready()
    assert "OMP_WAIT_POLICY=PASSIVE" in read_process(server, "environ").split("\0")
    # For that it has started again: under its own name, which the kernel cuts, and with its arguments.
    assert read_process(server, "comm") == "lqvg-fake-serve\n"
    assert read_process(server, "cmdline").split("\0")[:-1] == server.command


def test_the_operators_choice_of_waiting_is_kept(make_server):
    server = make_server(environment={"OMP_WAIT_POLICY": "ACTIVE"}).start().await_ready()
    assert "OMP_WAIT_POLICY=ACTIVE" in read_process(server, "environ").split("\0")


def test_the_limit_of_open_files_is_raised(make_server):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    server = make_server(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)))
    server.start().await_ready()
    limit = re.search(r"^process_max_fds (\S+)$", server.scrape(), re.M)
    assert float(limit.group(1)) == float(hard)


# --- Serving ---


def test_calls_are_counted(make_server):
    server = make_server().start().await_ready()
    server.ground().result()
    text = server.scrape()
    assert 'lqvg_requests_total{code="OK",method="Ground",reason=""} 1' in text
    assert 'lqvg_request_duration_seconds_count{method="Ground"} 1' in text
    assert "lqvg_batch_expressions_sum 1" in text
    assert "lqvg_inflight_requests 0" in text


def test_json_logs_are_one_object_a_line_and_hold_no_expression(make_server):
    server = make_server("--log-format=json", "--log-level=debug").start().await_listening()
    server.find(r"(ready: )")
    server.ground().result()
    server.send(signal.SIGINT)
    assert server.exit_code() == 0
    lines = [json.loads(line) for line in server.log().splitlines()]
    call = next(line for line in lines if line["msg"] == "call")
    assert call["level"] == "debug" and call["code"] == "OK" and call["expressions"] == 1
    assert "red ship" not in server.log()


def test_sighup_is_noted_and_the_server_goes_on(make_server):
    server = make_server().start().await_ready()
    server.send(signal.SIGHUP)
    server.find(r"(SIGHUP: there is nothing to reload)")
    assert len(server.ground().result().results) == 1


def test_a_client_that_leaves_does_not_end_the_server(make_server):
    server = make_server().start().await_ready()
    call = hold_a_batch(server)
    call.cancel()
    server.channel.close()
    server.gates["ground"].open()
    server.channel = grpc.insecure_channel(server.address)
    assert len(server.ground().result().results) == 1


# --- Stopping ---


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_with_0(make_server, number):
    server = make_server("--drain-delay=0s").start().await_ready()
    server.send(number)
    assert server.exit_code(PROMPTLY_SECONDS) == 0
    assert "stopped" in server.log()


def test_sigterm_keeps_serving_unready_for_the_delay(make_server):
    server = make_server("--drain-delay=20s").start().await_ready()
    server.send(signal.SIGTERM)
    server.find(r"(SIGTERM: stopping)")
    await_true(lambda: server.health() == STARTING, "NOT_SERVING")
    assert server.health("lqvg.liveness") == SERVING
    assert len(server.ground().result().results) == 1
    assert server.process.poll() is None


def test_sigint_skips_the_delay(make_server):
    server = make_server("--drain-delay=20s").start().await_ready()
    server.send(signal.SIGINT)
    assert server.exit_code(PROMPTLY_SECONDS) == 0


def test_what_is_inside_is_finished_and_what_comes_is_refused(make_server):
    server = make_server("--drain-delay=0s").start().await_ready()
    inside = hold_a_batch(server)
    server.send(signal.SIGTERM)
    await_true(lambda: server.health() == STARTING, "NOT_SERVING")
    server.find(r"(refusing new calls)")
    assert server.reason_of(server.ground()) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
    server.gates["ground"].open()
    assert len(inside.result().results) == 1
    assert server.exit_code() == 0


def test_what_does_not_finish_in_time_is_answered_shutting_down(make_server):
    server = make_server("--drain-delay=0s", "--drain-timeout=200ms").start().await_ready()
    inside = hold_a_batch(server)
    server.send(signal.SIGTERM)
    assert server.reason_of(inside) == (grpc.StatusCode.UNAVAILABLE, "SHUTTING_DOWN")
    assert server.exit_code(PROMPTLY_SECONDS) == 0, "although the model still runs"


def test_a_second_signal_ends_at_once_with_1_when_calls_are_cut_off(make_server):
    server = make_server("--drain-delay=20s").start().await_ready()
    inside = hold_a_batch(server)
    server.send(signal.SIGTERM)
    server.find(r"(SIGTERM: stopping)")
    server.send(signal.SIGINT)
    assert server.exit_code(PROMPTLY_SECONDS) == 1
    assert "calls_cut_off=1" in server.log()
    assert inside.exception(timeout=PATIENCE_SECONDS).code() == grpc.StatusCode.UNAVAILABLE


def test_a_second_signal_ends_at_once_with_0_when_nothing_is_lost(make_server):
    server = make_server("--drain-delay=20s").start().await_ready()
    server.send(signal.SIGTERM)
    server.find(r"(SIGTERM: stopping)")
    server.send(signal.SIGTERM)
    assert server.exit_code(PROMPTLY_SECONDS) == 0


def test_a_stop_while_the_model_loads_does_not_wait_for_it(make_server):
    server = make_server("--drain-delay=20s")
    server.gates["load"].close()
    server.start().await_listening()
    server.gates["load"].await_arrival()
    server.send(signal.SIGTERM)
    assert server.exit_code(PROMPTLY_SECONDS) == 0
    assert "ready: " not in server.log()


def test_a_teardown_that_hangs_is_ended_with_1(make_server):
    server = make_server("--drain-delay=0s", "--drain-timeout=0s")
    server.gates["unload"].close()
    server.start().await_ready()
    server.send(signal.SIGTERM)
    assert server.exit_code() == 1
    assert "stopping took too long" in server.log()


def test_an_open_health_watch_does_not_hold_the_server(make_server):
    server = make_server("--drain-delay=0s").start().await_ready()
    health = server.protos.health
    watch = server.channel.unary_stream("/grpc.health.v1.Health/Watch", health.HealthCheckRequest.SerializeToString,
                                        health.HealthCheckResponse.FromString)(health.HealthCheckRequest())
    assert next(watch).status == SERVING
    server.send(signal.SIGTERM)
    assert server.exit_code(PROMPTLY_SECONDS) == 0


def test_an_idle_client_does_not_hold_the_server(make_server):
    server = make_server("--drain-delay=0s").start().await_ready()
    server.ground().result()  # from now on nobody reads the channel's connection for some seconds
    server.send(signal.SIGTERM)
    assert server.exit_code(PROMPTLY_SECONDS) == 0


def test_it_starts_and_stops_many_times(make_server):
    for _ in range(10):
        server = make_server("--drain-delay=0s").start().await_ready()
        server.send(signal.SIGTERM)
        assert server.exit_code(PROMPTLY_SECONDS) == 0, server.log()
