"""Every family of lqvg-bench gives rows, and their counters agree with one another. No figure is judged.

Only where the program is built, which `make bench-model` does; see bench/README.md."""
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("LQVG_BUILD_DIR", ROOT / "build")) / "bin" / "lqvg-bench"
SECONDS = {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="lqvg-bench is not built: make bench-model")


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def rows():
    """The rows by name, without the kernels and layers of a full-size model, which take seconds each."""
    done = run("--benchmark_min_time=0.001", "--benchmark_format=json", "--benchmark_filter=-(kernels|layers)/.*_1024")
    assert done.returncode == 0, done.stderr
    found = {row["name"]: row for row in json.loads(done.stdout)["benchmarks"]}
    assert not [name for name, row in found.items() if row.get("error_occurred")]
    return found


def family(rows, prefix):
    return {name.removeprefix(prefix): row for name, row in rows.items() if name.startswith(prefix)}


def per_pass(row, counter):
    return row[counter] * row["cpu_time"] * SECONDS[row["time_unit"]]


def test_shares_are_of_the_peaks_that_the_run_probed(rows):
    peaks = {name.split("/")[0]: row for name, row in family(rows, "peaks/threads:").items()}
    most = peaks[max(peaks, key=int)]
    for prefix, peak in (("stages/", most), ("kernels/", peaks["1"])):
        for name, row in family(rows, prefix).items():
            assert row["flop_per_second"] / row["of_fma_peak"] == pytest.approx(peak["flop_per_second"]), name
            assert row["bytes_per_second"] / row["of_memory_peak"] == pytest.approx(peak["bytes_per_second"]), name


def test_stages_add_up(rows):
    stages = family(rows, "stages/")
    assert set(stages) == {"image", "text", "fusion", "transformer", "all"}
    assert 1e9 < stages["all"]["flop"] < 4e9  # the demo model's, with a picture and an expression
    for counter in ("flop", "bytes"):
        parts = sum(row[counter] for name, row in stages.items() if name != "all")
        assert stages["all"][counter] == pytest.approx(parts)


def test_each_instruction_set_stands_beside_aten(rows):
    for kernel in ("deform_attn", "deform_attn_backward"):
        found = family(rows, f"kernels/{kernel}/encoder_256/")
        assert {"generic", "aten"} <= set(found)
        assert set(family(rows, f"kernels/{kernel}/decoder_256/")) == set(found) - {"aten"}
        assert len({(row["flop"], row["bytes"]) for row in found.values()}) == 1


def test_layers_run_both_ways(rows):
    for name in ("deform_attn", "deform_attn_training"):
        for shape in ("encoder_256", "decoder_256"):
            assert set(family(rows, f"layers/{name}/{shape}/")) == {"kernel", "aten"}
    # 24 pictures a batch, as the demo model's recipe has.
    assert per_pass(rows["layers/deform_attn_training/encoder_256/kernel"], "items_per_second") == pytest.approx(24)


def test_pictures_are_counted_in_pixels(rows):
    formats = {"jpeg_baseline", "jpeg_progressive", "png", "tiff_uncompressed", "tiff_lzw", "tiff_deflate"}
    expected = {f"{name}/{size}" for name in formats for size in ("1024x1024", "480x360")}
    decoded = family(rows, "decode/")
    assert set(decoded) == set(family(rows, "scan_header/")) == expected
    for name, row in decoded.items():
        width, height = name.split("/")[1].split("x")
        assert per_pass(row, "pixels_per_second") == pytest.approx(int(width) * int(height)), name
    placed = family(rows, "letterbox/")
    for name in ("1024x1024_to_1024", "1024x1024_to_256", "480x360_to_1024", "480x360_to_256"):
        side = int(name.rsplit("_", 1)[1])
        assert per_pass(placed[name], "pixels_per_second") == pytest.approx(side * side)
        assert f"{name}/opencv" in placed


def test_text_and_uploads_are_counted_in_bytes(rows):
    words = family(rows, "tokenizer/")
    assert set(words) == {"normalize", "encode/vocabulary:600"}
    for row in words.values():
        assert per_pass(row, "items_per_second") > 200
        assert 15 < row["bytes_per_second"] / row["items_per_second"] < 100  # an expression's
    for name in ("sha256", "crc32c"):
        assert per_pass(rows[f"digest/{name}"], "bytes_per_second") == pytest.approx(256 << 10)


def test_arguments_that_mean_nothing_are_refused():
    assert run("--no-such-flag").returncode == 2
    done = run("--model", "no/such/model")
    assert done.returncode == 1 and "no/such/model" in done.stderr
