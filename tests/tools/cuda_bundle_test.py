"""What travels to a GPU machine: the limit on its size, what is carried, and how run.sh answers a wrong command line."""

import importlib.util
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

spec = importlib.util.spec_from_file_location("make_cuda_bundle", ROOT / "tools/make_cuda_bundle.py")
maker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(maker)


@pytest.fixture(name="bundle")
def fixture_bundle(tmp_path):
    """A bundle of one program, a script, and a Python environment whose torch is an empty file."""
    (tmp_path / "bundle/bin").mkdir(parents=True)
    shutil.copy(ROOT / "tools/cuda_bundle_run.sh", tmp_path / "bundle/run.sh")
    program = tmp_path / "bundle/bin/show"
    program.write_text('#!/bin/sh\necho "$LQVG_SOURCE_DIR|$LD_LIBRARY_PATH|$*"\nexit 3\n')
    program.chmod(0o755)
    packages = tmp_path / "packages"
    (packages / "torch/lib").mkdir(parents=True)
    (packages / "torch/__init__.py").write_text("raise SystemExit('torch was imported')")
    (packages / "nvidia/cu13/lib").mkdir(parents=True)
    return tmp_path / "bundle"


def run(bundle, *arguments, packages=None):
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(packages or bundle.parent / "packages")}
    return subprocess.run([bundle / "run.sh", *arguments], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [(), ("--no-such-flag",), ("--self-test", "now")])
def test_a_wrong_command_line_gives_the_usage(bundle, arguments):
    done = run(bundle, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: run.sh COMMAND" in done.stderr


def test_a_program_gets_the_libraries_its_arguments_and_gives_its_exit_code(bundle):
    done = run(bundle, "show", "a b", "--flag")
    packages = bundle.parent / "packages"
    assert done.stdout == f"{bundle}|{bundle}/lib:{packages}/torch/lib:{packages}/nvidia/cu13/lib|a b --flag\n"
    assert done.returncode == 3


def test_a_command_that_is_nowhere_is_named(bundle):
    done = run(bundle, "no-such-program")
    assert done.returncode == 1
    assert "no-such-program is neither in" in done.stderr


def test_a_python_without_torch_is_named(bundle, tmp_path):
    done = run(bundle, "show", packages=tmp_path)
    assert done.returncode == 1
    assert "has no torch; LQVG_PYTHON names another" in done.stderr


def test_a_library_that_is_missing_is_named(bundle):
    shutil.copy(shutil.which("cat"), bundle / "bin/cat")
    program = (bundle / "bin/cat").read_bytes()
    (bundle / "bin/cat").write_bytes(program.replace(b"libc.so.6\0", b"libx.so.6\0"))
    done = run(bundle, "show")
    assert done.returncode == 1
    assert "libx.so.6 => not found" in done.stderr


def test_more_than_may_travel_is_refused_with_the_largest_file(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/large").write_bytes(b"x" * 600)
    (tmp_path / "small").write_bytes(b"x" * 400)
    assert maker.check_size(tmp_path, limit=1000) == 1000
    with pytest.raises(SystemExit, match="holds 1,000 bytes, at most 999 may travel; largest: bin/large 600"):
        maker.check_size(tmp_path, limit=999)


def test_what_the_other_machine_has_is_not_carried(monkeypatch):
    needs = {"program": ["libc.so.6", "libtorch_cpu.so", "liba.so.1"], "/lib/liba.so.1": ["libb.so.2", "libm.so.6"],
             "/lib/libb.so.2": ["liba.so.1"]}
    monkeypatch.setattr(maker, "needed", lambda binary: needs[str(binary)])
    installed = {name: pathlib.Path("/lib", name) for name in ("liba.so.1", "libb.so.2", "libc.so.6")}
    assert set(maker.carried_libraries(["program"], {"libtorch_cpu.so"}, installed)) == {"liba.so.1", "libb.so.2"}
    with pytest.raises(SystemExit, match="libtorch_cpu.so is not installed here"):
        maker.carried_libraries(["program"], set(), installed)


def test_the_newest_version_counts_as_numbers_not_as_text():
    dump = """
  required from libc.so.6:
    0x09691a75 0x00 04 GLIBC_2.2.5
    0x069691b4 0x00 03 GLIBC_2.34
    0x069691b9 0x00 02 GLIBC_2.4
  required from libstdc++.so.6:
    0x0297f871 0x00 05 GLIBCXX_3.4.9
    0x0297f872 0x00 06 GLIBCXX_3.4.29
"""
    assert maker.required_versions(dump) == {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29)}


def test_a_large_picture_stays_at_home_with_its_cases(tmp_path, monkeypatch):
    source = tmp_path / "cases"
    source.mkdir()
    (source / "cases.json").write_text('[{"case": "s.0", "image": "s.png"}, {"case": "l.0", "image": "l.png"}]')
    for name, size in (("s.png", 10), ("l.png", 11), ("s.0.safetensors", 1), ("l.0.safetensors", 1)):
        (source / name).write_bytes(b"x" * size)
    monkeypatch.setattr(maker, "LARGEST_PICTURE_BYTES", 10)
    maker.copy_cases(source, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"cases.json", "s.png", "s.0.safetensors"}
    assert "l.0" not in (tmp_path / "out/cases.json").read_text()
