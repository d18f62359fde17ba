"""What model/safetensors_writer writes is what the Python package `safetensors` reads.

    LQVG_BINARY_DIR=$PWD/build/bin pytest tests/model/safetensors_writer_test.py

`write_safetensors` is looked for in LQVG_BINARY_DIR.
"""

import os
import pathlib
import struct
import subprocess

import numpy
import pytest
import safetensors

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("LQVG_BINARY_DIR", ROOT / "build/bin")) / "write_safetensors"


@pytest.fixture(name="path", scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "model.safetensors"
    subprocess.run([PROGRAM, path], check=True)
    return path


def test_python_reads_names_types_shapes_and_numbers(path):
    with safetensors.safe_open(path, framework="numpy") as file:
        assert set(file.keys()) == {"z.weight", "a half", "scalar é", "empty", "steps"}
        singles = file.get_tensor("z.weight")
        expected = numpy.array([[0, 1, -2.5], [3e38, 1e-45, 7]], numpy.float32)
        assert singles.dtype == numpy.float32 and numpy.array_equal(singles, expected)
        halves = file.get_tensor("a half")
        assert halves.dtype == numpy.float16 and halves.tolist() == [1, -2, 0.5]
        longs = file.get_tensor("steps")
        assert longs.dtype == numpy.int64 and longs.tolist() == [-1, 1 << 40]
        assert file.get_tensor("empty").shape == (0, 4)


def test_python_reads_bfloat16_of_no_dimension(path):
    entries = dict(safetensors.deserialize(path.read_bytes()))  # numpy has no such type
    assert entries["scalar é"]["dtype"] == "BF16" and entries["scalar é"]["shape"] == []
    assert struct.unpack("<H", bytes(entries["scalar é"]["data"])) == (0x3FC0,)


def test_python_reads_the_metadata(path):
    with safetensors.safe_open(path, framework="numpy") as file:
        assert file.metadata() == {"format": "pt", "step": "12"}
