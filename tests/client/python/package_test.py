"""The package as users get it: the wheel, its types, its generated files, and the README's examples."""
import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "client" / "python"
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", (PACKAGE / "README.md").read_text(encoding="utf-8"), re.M | re.S)

# Each line is wrong in one way that types should tell.
WRONG_USE = """\
import lqvg
client = lqvg.Client(timeout="10")
client.ground(42, "the red ship")
client.ground("scene.png", "the red ship").results[0].best.score
client.get_model().name
"""


def files_of(wheel):
    return {name: zipfile.ZipFile(wheel).read(name) for name in zipfile.ZipFile(wheel).namelist()}


@pytest.fixture(scope="session")
def build_wheel(tmp_path_factory):
    """build_wheel(source) -> the wheel's path; source is a folder or an sdist. Works offline."""

    def build(source):
        out = tmp_path_factory.mktemp("wheel")
        subprocess.run([sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--no-build-isolation", "--no-index", "--wheel-dir", out, source], check=True)
        (wheel,) = out.glob("*.whl")
        return wheel

    return build


@pytest.fixture(scope="session")
def wheel(build_wheel):
    return build_wheel(PACKAGE)


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """The Python of a new environment that has the wheel, and what it needs from the environment of the tests."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", python,
                    "install", "--no-deps", "--no-index", wheel], check=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")))
    return python


@pytest.fixture
def run_installed(installed, demo_server, tmp_path, scene):
    """run_installed(code) -> its output, with `scene.png` in the folder and the real server as the default one."""
    shutil.copy(scene, tmp_path)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}

    def run(code):
        done = subprocess.run([installed, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                              env={**environment, "LQVG_SERVER": demo_server.address})
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def run_mypy(*arguments):
    """(exit code, output)."""
    done = subprocess.run([sys.executable, "-m", "mypy", "--no-error-summary", *map(str, arguments)], cwd=PACKAGE,
                          capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def test_committed_files_are_as_generated(tmp_path):
    spec = importlib.util.spec_from_file_location("generate", PACKAGE / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    generate.generate(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(made) == 5
    for path, content in made.items():
        assert (PACKAGE / path).read_bytes() == content, f"{path} is out of date: client/python/generate.py"


def test_the_wheel_has_all_that_git_has(wheel):
    expected = {str(path.relative_to(PACKAGE / "src")) for path in (PACKAGE / "src").rglob("*")
                if path.is_file() and path.suffix != ".pyc"}
    assert {"lqvg/py.typed", "lqvg/service_config.json", "lqvg/v1/grounding_pb2.py"} < expected
    assert {name for name in files_of(wheel) if ".dist-info/" not in name} == expected


def test_the_wheel_names_version_licence_and_needs(wheel):
    (metadata,) = (content.decode() for name, content in files_of(wheel).items() if name.endswith("/METADATA"))
    fields = metadata.splitlines()
    assert f"Version: {(ROOT / 'VERSION').read_text().strip()}" in fields
    assert "License-Expression: Apache-2.0" in fields and "License-File: LICENSE" in fields
    assert {"Requires-Dist: grpcio<2,>=1.62.2", "Requires-Dist: protobuf<8,>=4.25.1"} < set(fields)


def test_a_wheel_made_from_the_sdist_is_the_same(wheel, build_wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path], cwd=PACKAGE, check=True)
    (sdist,) = tmp_path.glob("*.tar.gz")
    assert files_of(build_wheel(sdist)) == files_of(wheel)


def test_the_installed_package_answers_and_knows_its_version(run_installed):
    out = run_installed("""
import lqvg, lqvg.aio, lqvg.v1.grounding_pb2_grpc
print(lqvg.__file__, lqvg.__version__, len(lqvg.Client().ground("scene.png", "the red ship").results))
""")
    where, version, results = out.split()
    assert "site-packages" in where
    assert (version, results) == ((ROOT / "VERSION").read_text().strip(), "1")


def test_it_shares_a_process_with_other_users_of_google_rpc_and_health(run_installed):
    """Others register the same protos: the descriptor pool refuses a second file that differs."""
    run_installed("""
from google.rpc import code_pb2, error_details_pb2, status_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
health = descriptor_pb2.FileDescriptorProto(name="grpc_health/v1/health.proto", package="grpc.health.v1")
health.message_type.add(name="HealthCheckRequest")
descriptor_pool.Default().AddSerializedFile(health.SerializeToString())
import lqvg
assert lqvg.Client().health() is lqvg.Health.SERVING
""")


def test_importing_it_needs_neither_numpy_nor_pillow(run_installed):
    assert run_installed("""
import sys
sys.modules.update({"numpy": None, "PIL": None})
import lqvg
print(lqvg.Client().ground("scene.png", "the red ship").image_width)
""") == "480\n"


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.split("\n", 1)[0] for example in EXAMPLES])
def test_the_readmes_examples_run(run_installed, example):
    run_installed(example)


def test_the_readme_has_examples():
    assert len(EXAMPLES) == 7


def test_the_package_is_strictly_typed(tmp_path):
    assert run_mypy(f"--cache-dir={tmp_path}") == (0, "")


def test_users_get_its_types(installed, tmp_path):
    # Not the package's own configuration: what a user's strict check says of code that uses the installed package.
    options = ["--strict", "--config-file=", f"--cache-dir={tmp_path}", f"--python-executable={installed}"]
    right, wrong = tmp_path / "right.py", tmp_path / "wrong.py"
    right.write_text(EXAMPLES[-1])
    wrong.write_text(WRONG_USE)
    code, output = run_mypy(*options, right, wrong)
    assert code == 1
    assert re.findall(r"(\w+).py:(\d+): error: .*\[([a-z-]+)\]", output) == [
        ("wrong", "2", "arg-type"), ("wrong", "3", "arg-type"), ("wrong", "4", "union-attr"),
        ("wrong", "5", "attr-defined")]
