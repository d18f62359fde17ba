"""The files that others read: Dockerfile, compose files, systemd unit and its settings. Whether they work is tested by
deploy/test-image.sh and deploy/test-deb.sh; this is what can be said of them in a second."""
import configparser
import os
import pathlib
import re
import subprocess

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LQVG_BUILD_DIR", ROOT / "build"))
COMPOSE = ROOT / "deploy" / "compose"
UNIT = ROOT / "deploy" / "systemd" / "lqvg-serve.service"


@pytest.fixture(scope="module")
def help_text():
    return subprocess.run([BUILD / "bin" / "lqvg-server", "--help"], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def drain_seconds(help_text):
    return int(re.search(r"\[(\d+)s; LQVG_DRAIN_TIMEOUT\]", help_text)[1])


def last_stage():
    """The instructions of the Dockerfile's last stage: pairs of name and the rest."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M).replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    start = max(i for i, line in enumerate(lines) if line[0] == "FROM")
    return [(name, rest.strip()) for name, rest in lines[start:]]


def test_image_runs_the_server_as_nobody_and_without_a_shell():
    stage = dict(last_stage())
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", stage["USER"])
    assert stage["ENTRYPOINT"] == '["lqvg-server"]'
    assert stage["STOPSIGNAL"] == "SIGTERM"
    assert re.search(r'CMD \["lqvg", "health"', stage["HEALTHCHECK"])
    assert not [rest for name, rest in last_stage() if name == "RUN"], "the last stage only copies"


def test_image_listens_on_the_ports_that_it_exposes():
    stage = dict(last_stage())
    ports = re.findall(r"LQVG_\w*LISTEN=0\.0\.0\.0:(\d+)", stage["ENV"])
    assert stage["EXPOSE"].split() == ports and len(ports) == 2


@pytest.mark.parametrize("path", ["Dockerfile", "deploy/compose/compose.yaml", "deploy/systemd/lqvg-serve.service",
                                  "deploy/systemd/lqvg-serve.default"])
def test_sets_only_what_the_server_knows(path, help_text):
    known = set(re.findall(r"; (LQVG_\w+)\]", help_text)) | {"LQVG_COMMIT"}
    # Of compose, not of the server.
    own = {"LQVG_MODELS", "LQVG_VERSION", "LQVG_REVISION"}
    assert set(re.findall(r"\bLQVG_[A-Z_]+", (ROOT / path).read_text())) <= known | own


def unit():
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(UNIT)
    return parser


def test_unit_confines_the_server():
    service = unit()["Service"]
    for directive, value in {"DynamicUser": "yes", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "",
                             "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
                             "Restart": "on-failure", "RestartPreventExitStatus": "2",
                             "EnvironmentFile": "-/etc/default/lqvg-serve"}.items():
        assert service[directive] == value, directive
    assert "SystemCallFilter=@system-service" in UNIT.read_text()


def test_unit_and_compose_wait_longer_than_the_server_takes_to_stop(drain_seconds):
    assert int(unit()["Service"]["TimeoutStopSec"]) > drain_seconds
    server = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]["lqvg-server"]
    assert int(server["stop_grace_period"].removesuffix("s")) > drain_seconds


def test_compose_runs_the_server_read_only_and_on_loopback():
    services = yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"]
    server = services["lqvg-server"]
    assert server["read_only"] is True and server["cap_drop"] == ["ALL"]
    assert server["security_opt"] == ["no-new-privileges:true"]
    assert [entry.split(":")[0] for entry in server["tmpfs"]] == ["/tmp"]
    assert (COMPOSE / server["build"]["context"]).resolve() == ROOT
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert re.search(r":[^:]*\d|:cpu$", service["image"]), "pinned"


def test_compose_mounts_what_is_there():
    for name, service in yaml.safe_load((COMPOSE / "compose.yaml").read_text())["services"].items():
        for volume in service["volumes"]:
            source = volume.split(":")[0] if isinstance(volume, str) else volume["source"]
            source = re.sub(r"\$\{\w+:-(.*)\}", r"\1", source)  # the default of a variable
            if source.startswith("."):
                assert (COMPOSE / source).exists(), f"{name}: {source}"


def test_compose_for_cuda_changes_only_the_server():
    cuda = yaml.safe_load((COMPOSE / "compose.cuda.yaml").read_text())
    assert list(cuda["services"]) == ["lqvg-server"]
    server = cuda["services"]["lqvg-server"]
    assert server["build"]["args"] == {"DEVICE": "cuda"} and server["image"] == "lqvg-serve:cuda"
    assert server["deploy"]["resources"]["reservations"]["devices"][0]["capabilities"] == ["gpu"]
