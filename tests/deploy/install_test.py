"""What `cmake --install` lays down: complete, and runnable from a place that the build knows nothing of."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LQVG_BUILD_DIR", ROOT / "build"))
PRIVATE_LIBRARIES = {"libtorch_cpu.so", "libc10.so", "libgomp.so.1", "libcudart.so.13", "libcupti.so.13"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Installed in one place and moved to another."""
    folder = tmp_path_factory.mktemp("install")
    subprocess.run(["cmake", "--install", BUILD, "--prefix", folder / "first"], check=True, stdout=subprocess.DEVNULL)
    moved = folder / "second"
    (folder / "first").rename(moved)
    yield moved
    shutil.rmtree(moved)  # 360 MB


def run(*command):
    """Runs it from a folder where nothing is found by a relative path, with nothing of this shell's environment."""
    return subprocess.run(command, cwd="/", env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=60)


def test_server_runs_its_demo_model_from_another_prefix(tree):
    answer = run(tree / "bin" / "lqvg-server", "--check")
    assert answer.returncode == 0, answer.stderr
    assert f"{tree}/share/lqvg-serve/models/demo holds a model that loads and runs" in answer.stdout


def test_command_line_runs(tree):
    assert run(tree / "bin" / "lqvg", "--help").returncode == 0


def test_server_takes_others_libraries_from_its_own_folder_alone(tree):
    lines = run("ldd", tree / "bin" / "lqvg-server").stdout.splitlines()
    assert not [line for line in lines if "not found" in line]
    found = {pathlib.Path(match[1]).resolve() for line in lines if (match := re.search(r"=> (\S+)", line))}
    private = {path for path in found if path.is_relative_to(tree)}
    assert {path.name for path in private} == PRIVATE_LIBRARIES
    assert not [path for path in found - private if not path.is_relative_to("/usr") and not path.is_relative_to("/lib")]


def test_installs_only_the_libraries_that_a_cpu_needs(tree):
    installed = {path.name for path in (tree / "lib" / "lqvg-serve").rglob("*") if path.is_file()}
    assert installed == PRIVATE_LIBRARIES


def test_brings_contract_licences_unit_and_settings(tree):
    share = tree / "share"
    for path in (share / "lqvg-serve/proto/lqvg/v1/grounding.proto", share / "lqvg-serve/proto/google/rpc/status.proto",
                 share / "lqvg-serve/lqvg-serve.default",
                 share / "doc/lqvg-serve/LICENSE", share / "doc/lqvg-serve/NOTICE",
                 share / "doc/lqvg-serve/torch/LICENSE", share / "doc/lqvg-serve/nvidia_cuda_runtime/License.txt",
                 share / "doc/lqvg-serve/nvidia_cuda_cupti/License.txt", share / "doc/lqvg-client/LICENSE",
                 tree / "lib/systemd/system/lqvg-serve.service"):
        assert path.is_file(), path


def test_image_installs_the_packages_that_the_programs_are_linked_to(tree):
    """tools/install_dependencies.sh --runtime, against the owners of the libraries that the two programs name."""
    script = (ROOT / "tools" / "install_dependencies.sh").read_text()
    listed = set(re.search(r"runtime_packages=\(([^)]*)\)", script)[1].split())
    libraries = set()
    for program in (tree / "bin" / "lqvg-server", tree / "bin" / "lqvg"):
        named = re.findall(r"\(NEEDED\).*\[(.*?)\]", run("readelf", "-d", program).stdout)
        paths = dict(re.findall(r"(\S+) => (\S+)", run("ldd", program).stdout))
        libraries |= {os.path.realpath(paths[name]) for name in named if name not in PRIVATE_LIBRARIES}
    # dpkg knows some by the path that they had before /lib became a link to /usr/lib.
    known = run("dpkg-query", "--search", *libraries, *(path.removeprefix("/usr") for path in libraries)).stdout
    owners = {line.split(":")[0] for line in known.splitlines()}
    assert owners <= listed, f"missing from --runtime: {owners - listed}"
    assert listed <= owners, f"not needed in --runtime: {listed - owners}"
