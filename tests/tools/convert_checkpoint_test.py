"""From the official training code's checkpoint to a model directory: what is read, written and replaced."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from checkpoint_bench import ARGS, ROOT, TOOL, converter, expect_weights, maker, own
from torch_file_writer import Storages, of_storage, write_legacy

BUILD = pathlib.Path(os.environ.get("LQVG_BUILD_DIR", ROOT / "build"))


def test_a_checkpoint_becomes_the_directory_that_the_same_weights_have(bench, weights, vocabulary):
    bench.write(weights, ARGS)
    assert bench.convert()[0] == 0
    expect_weights(bench, weights)
    wanted = maker.TINY.config(1024)
    del wanted["made_up_weights"]
    wanted["text_encoder"]["num_attention_heads"] = 1  # 64 wide each, as RoBERTa's are
    assert json.loads((bench.out / "config.json").read_text()) == json.loads(json.dumps(wanted))
    for name in ("vocab.json", "merges.txt"):
        assert (bench.out / name).read_bytes() == (vocabulary / name).read_bytes()
    made = sorted(entry.name for entry in bench.out.iterdir())
    assert made == ["config.json", "merges.txt", "model.safetensors", "vocab.json"]
    assert bench.out.stat().st_mode & 0o777 == 0o755


def test_the_server_loads_it_and_says_what_it_holds(bench, weights):
    bench.write(weights, {**ARGS, "dataset_file": "rsvg"})
    assert bench.convert("--input-size", 256, "--dtype", "bfloat16")[0] == 0
    told = subprocess.run([BUILD / "bin" / "lqvg-server", f"--model={bench.out}", "--check"], capture_output=True,
                          text=True, timeout=120, check=False)
    assert told.returncode == 0, told.stderr
    assert "256 x 256" in told.stdout and "10 per expression" in told.stdout


def test_the_command_says_how_far_it_is_and_what_it_made(bench, weights):
    bench.write(weights, ARGS)
    done = subprocess.run([sys.executable, TOOL, bench.checkpoint, bench.out], capture_output=True, text=True,
                          check=True)
    assert "zip format" in done.stderr and "MB written" in done.stderr
    assert done.stdout.startswith(f"{bench.out}: {len(own(weights))} tensors as float32, 10 queries")


def test_the_old_format_that_the_official_code_asks_for(bench, weights):
    bench.write(weights, ARGS, storages=Storages(more=(None,)), writer=write_legacy)
    code, said = bench.convert()
    assert code == 0 and "old torch format" in said
    expect_weights(bench, weights)


def test_names_of_several_gpus_and_what_nobody_reads(bench, weights):
    extra = {"text_encoder.embeddings.position_ids": np.arange(130),
             "backbone.0.body.bn1.num_batches_tracked": np.array(7),
             "total_ops": np.zeros(1), "resizer.total_params": np.zeros(1)}
    bench.write({f"module.{name}": array for name, array in {**weights, **extra}.items()}, ARGS)
    assert bench.convert()[0] == 0
    expect_weights(bench, weights)


def test_without_the_pooler_and_without_args(bench, weights):
    less = {name: array for name, array in weights.items() if "pooler" not in name}
    bench.write(less)
    assert bench.convert("--dataset", "dior-rsvg")[0] == 0
    expect_weights(bench, less)


# --- how numbers are stored

def test_numbers_that_do_not_lie_in_a_row(bench, weights):
    storages = Storages()
    name = "resizer.fc.weight"
    turned = np.ascontiguousarray(weights[name].T)
    rows, columns = weights[name].shape
    stored = storages.store(b"junk" + turned.tobytes(), turned.size + 1, "FloatStorage")
    bench.write({**weights, name: of_storage(stored, (rows, columns), (1, rows), offset=1)}, ARGS, storages=storages)
    assert bench.convert()[0] == 0
    expect_weights(bench, weights)


def test_two_tensors_may_share_a_storage(bench, weights):
    storages = Storages()
    names = ("resizer.layer_norm.weight", "resizer.layer_norm.bias")
    stored = storages.store(b"".join(weights[name].tobytes() for name in names), 128, "FloatStorage")
    views = {name: of_storage(stored, (64,), offset=64 * number) for number, name in enumerate(names)}
    bench.write({**weights, **views}, ARGS, storages=storages)
    assert bench.convert()[0] == 0
    expect_weights(bench, weights)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_halves_and_doubles_are_read(bench, weights, dtype):
    typed = {name: array.astype(dtype) for name, array in weights.items()}
    bench.write(typed, ARGS)
    assert bench.convert()[0] == 0
    expect_weights(bench, {name: array.astype(np.float32) for name, array in typed.items()})


def test_bfloat16_is_read_and_written_as_it_is(bench, weights):
    storages, name = Storages(), "resizer.fc.bias"
    bits = np.array([0x3F80, 0xBF81, 0x0001, 0x7F7F] * 16, "<u2")  # 1, about -1, nearly nothing, nearly too much
    stored = storages.store(bits.tobytes(), 64, "BFloat16Storage")
    bench.write({**weights, name: of_storage(stored, (64,))}, ARGS, storages=storages)
    assert bench.convert("--dtype", "bfloat16")[0] == 0
    data = (bench.out / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    entry = json.loads(data[8:8 + length])[name]
    begin, end = entry["data_offsets"]
    assert (entry["dtype"], data[8 + length + begin:8 + length + end]) == ("BF16", bits.tobytes())


def test_bfloat16_rounds_to_the_nearest_and_ties_to_even():
    bits = np.array([0x3F808000, 0x3F818000, 0x3F808001, 0x3F807FFF], "<u4")
    rounded = np.frombuffer(converter.encode(bits.view("<f4"), "bfloat16"), "<u2")
    assert rounded.tolist() == [0x3F80, 0x3F82, 0x3F81, 0x3F80]


def test_float16_rounds_to_the_nearest(bench, weights):
    bench.write(weights, ARGS)
    assert bench.convert("--dtype", "float16")[0] == 0
    expect_weights(bench, {name: array.astype(np.float16) for name, array in weights.items()})


def changed(array, value):
    copy = array.copy()
    copy.flat[3] = value
    return copy


@pytest.mark.parametrize("options,value,words", [
    ((), np.nan, ["not finite"]), ((), -np.inf, ["not finite"]),
    (("--dtype", "float16"), 70000, ["70000", "float16"]), (("--dtype", "bfloat16"), 3.4028234e38, ["bfloat16"])])
def test_numbers_that_are_no_weights(bench, weights, options, value, words):
    name = "poolout_module.dense.weight"
    bench.write({**weights, name: changed(weights[name], value)}, ARGS)
    bench.expect_refusal(f"tensor {name}: ", *words, options=options)


# --- the tokenizer's files

def move_vocabulary(bench, folder):
    folder.mkdir(parents=True)
    for name in ("vocab.json", "merges.txt"):
        (bench.checkpoint.parent / name).rename(folder / name)
    return folder


@pytest.mark.parametrize("name", ["models--roberta-base", "models--FacebookAI--roberta-base"])
def test_the_tokenizer_of_the_hugging_face_cache(bench, weights, monkeypatch, name):
    home = bench.checkpoint.parent / "home"
    folder = move_vocabulary(bench, home / "hub" / name / "snapshots" / "e2da8e2f")
    monkeypatch.setenv("HF_HOME", str(home))
    bench.write(weights, ARGS)
    code, said = bench.convert()
    assert code == 0 and str(folder) in said


def test_the_tokenizer_that_args_or_the_caller_names(bench, weights):
    folder = move_vocabulary(bench, bench.checkpoint.parent / "weights" / "tokenizer")
    bench.write(weights, ARGS)
    bench.expect_refusal("vocab.json and merges.txt are not beside", "--tokenizer tests/reference/roberta-base")
    bench.expect_refusal("are not in", options=("--tokenizer", bench.checkpoint.parent))
    assert bench.convert("--tokenizer", folder)[0] == 0
    bench.write(weights, {**ARGS, "text_encoder": str(folder)})
    assert bench.convert("--force")[0] == 0


@pytest.mark.parametrize("text,words", [
    ('{"a": 0}', ["has 1 tokens", "480"]), ("[]", ["has no tokens"]), ("{", ["is not JSON"])])
def test_a_vocabulary_of_another_model(bench, weights, text, words):
    folder = move_vocabulary(bench, bench.checkpoint.parent / "tokenizer")
    (folder / "vocab.json").unlink()
    (folder / "vocab.json").write_text(text)
    bench.write(weights, ARGS)
    bench.expect_refusal(*words, options=("--tokenizer", folder))


# --- what is there already

def test_nothing_is_replaced_unasked(bench, weights):
    bench.write(weights, ARGS)
    assert bench.convert()[0] == 0
    before = (bench.out / "config.json").read_bytes()
    code, said = bench.convert("--input-size", 512)
    assert code == 1 and "--force replaces it" in said
    assert (bench.out / "config.json").read_bytes() == before
    assert bench.convert("--input-size", 512, "--force")[0] == 0
    assert json.loads((bench.out / "config.json").read_text())["input_size"] == 512
    bench.expect_nothing_else()


def test_force_replaces_only_what_is_a_model_directory(bench, weights):
    bench.write(weights, ARGS)
    bench.out.mkdir()
    (bench.out / "thesis.tex").write_text("years of work")
    code, said = bench.convert("--force")
    assert code == 1 and "thesis.tex" in said
    assert (bench.out / "thesis.tex").read_text() == "years of work"


def test_what_fails_midway_leaves_what_was_there(bench, weights):
    bench.write(weights, ARGS)
    assert bench.convert()[0] == 0
    before = {entry.name: entry.read_bytes() for entry in bench.out.iterdir()}
    bench.write({**weights, "resizer.fc.bias": np.full(64, np.nan, "<f4")}, ARGS)
    code, said = bench.convert("--force")
    assert code == 1 and "resizer.fc.bias" in said
    assert {entry.name: entry.read_bytes() for entry in bench.out.iterdir()} == before
    bench.expect_nothing_else()


def test_a_checkpoint_that_is_not_there(bench):
    bench.expect_refusal("No such file", str(bench.checkpoint))
