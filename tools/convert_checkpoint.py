#!/usr/bin/env python3
"""Make a model directory of a checkpoint that the official LQVG training code saved.

    convert_checkpoint.py checkpoint.pth OUT_DIR

OUT_DIR gets config.json, model.safetensors, vocab.json and merges.txt, and is what lqvg-server --model serves. The file
is read without torch, and nothing that it holds is run. What is not understood is refused, by name. docs/convert.md has
it step by step. Needs: numpy.
"""
import argparse
import json
import math
import os
import pathlib
import shutil
import sys
import tempfile

import numpy as np

import official_checkpoint
import torch_file
from torch_file import Refusal

MODEL_FILES = ("config.json", "model.safetensors", "vocab.json", "merges.txt")
TOKENIZER_FILES = ("vocab.json", "merges.txt")
TYPES = {"float32": ("F32", 4), "float16": ("F16", 2), "bfloat16": ("BF16", 2)}
SIDES = range(64, 4097)  # what config.json may say
PROGRESS_STEPS = 10


def say(text):
    """A line on stderr; what stems from the file cannot bend the terminal."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    print(f"convert_checkpoint: {clean[:1000]}", file=sys.stderr)


def input_size_of(options, args):
    """The side of the canvas: as told, else by the data set that was trained on."""
    if options.input_size is not None:
        return options.input_size
    sides = dict(official_checkpoint.DATASETS.values())
    trained = args.get("dataset_file")
    known = official_checkpoint.DATASETS.get(trained) if isinstance(trained, str) else None
    if options.dataset and known and known[0] != options.dataset:
        raise Refusal(f"it was trained on {known[0]} (args.dataset_file is {trained!r}), not on {options.dataset}; "
                      "--input-size N sets a side whatever the data set")
    if options.dataset:
        return sides[options.dataset]
    if known:
        return known[1]
    shown = official_checkpoint.shown(trained)
    named = f"args.dataset_file is {shown}" if "dataset_file" in args else "no args.dataset_file"
    raise Refusal(f"it does not say for which input size it is ({named}): give --dataset {' or '.join(sides)}, "
                  "or --input-size N")


def tokenizer_places(checkpoint, args):
    """Where RoBERTa's files usually are."""
    yield checkpoint.parent
    if isinstance(args.get("text_encoder"), str):
        yield pathlib.Path(args["text_encoder"])
    home = os.environ.get("HF_HOME") or pathlib.Path.home() / ".cache" / "huggingface"
    hub = pathlib.Path(os.environ.get("HF_HUB_CACHE") or pathlib.Path(home) / "hub")
    for name in ("models--FacebookAI--roberta-base", "models--roberta-base"):
        yield from sorted((hub / name / "snapshots").glob("*"))


def find_tokenizer(options, args, tokens):
    """The directory with vocab.json, of `tokens` tokens, and merges.txt."""
    places = [options.tokenizer] if options.tokenizer else list(tokenizer_places(options.checkpoint, args))
    found = next((place for place in places if all((place / name).is_file() for name in TOKENIZER_FILES)), None)
    if found is None:
        where = f"in {options.tokenizer}" if options.tokenizer else "beside the checkpoint or in the Hugging Face cache"
        raise Refusal(f"vocab.json and merges.txt are not {where}. They are the files of that name of the model "
                      "roberta-base; this repository has a copy: --tokenizer tests/reference/roberta-base")
    try:
        vocabulary = json.loads((found / "vocab.json").read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise Refusal(f"{found / 'vocab.json'} is not JSON") from error
    if not isinstance(vocabulary, dict) or len(vocabulary) != tokens:
        count = f"{len(vocabulary)} tokens" if isinstance(vocabulary, dict) else "no tokens"
        raise Refusal(f"{found / 'vocab.json'} has {count}, the checkpoint's text encoder {tokens}")
    return found


def encode(values, dtype):
    """The bytes of `values` as `dtype`, rounded to the nearest. Raises Refusal when a number does not fit."""
    if not np.isfinite(values).all():
        raise Refusal("it holds numbers that are not finite")
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(values, "<f4")
        if dtype == "bfloat16":  # the upper half of the bits; ties go to the even neighbour
            bits = single.view("<u4")
            rounded = (bits + (0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")
            fits = (rounded & 0x7F80 != 0x7F80).all() and np.isfinite(single).all()
        else:
            rounded = values.astype("<f2" if dtype == "float16" else "<f4")
            fits = np.isfinite(rounded).all()
    if not fits:
        raise Refusal(f"its largest number, {np.abs(values).max():g}, is beyond {dtype}")
    return rounded.tobytes()


def read_tensor(opened, name, tensor):
    try:
        return torch_file.array_of(opened, tensor)
    except Refusal as refusal:
        raise Refusal(f"tensor {name}: {refusal}") from refusal


def compare_heads(opened, state, pairs):
    """The second copies of the box heads must be copies: else which of the two is run would be an accident."""
    for name, copy in pairs:
        if state[name] == state[copy]:
            continue  # the very same numbers of the file
        if not np.array_equal(read_tensor(opened, name, state[name]), read_tensor(opened, copy, state[copy])):
            raise Refusal(f"tensors {name} and {copy} must be equal and are not")


def write_weights(path, opened, tensors, dtype):
    """model.safetensors: the length of the header, the header, the numbers."""
    code, width = TYPES[dtype]
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, tensor in tensors.items():
        begin, end = end, end + width * math.prod(tensor.shape)
        header[name] = {"dtype": code, "shape": tensor.shape, "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that numbers can be used where they lie
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        done = 0
        for name, tensor in tensors.items():
            try:
                file.write(encode(read_tensor(opened, name, tensor), dtype))
            except Refusal as refusal:
                said = str(refusal)
                raise Refusal(said if said.startswith("tensor ") else f"tensor {name}: {said}") from refusal
            before, done = done, header[name]["data_offsets"][1]
            if done * PROGRESS_STEPS // end > before * PROGRESS_STEPS // end:
                say(f"{done / 1e6:.0f} of {end / 1e6:.0f} MB written")
        file.flush()
        os.fsync(file.fileno())


def check_out_dir(out_dir, force):
    """Only what is a model directory and nothing else may be replaced, and only when asked."""
    if not out_dir.exists() and not out_dir.is_symlink():
        return
    if out_dir.is_symlink() or not out_dir.is_dir():
        raise Refusal(f"{out_dir} is there and is no directory")
    others = sorted(entry.name for entry in out_dir.iterdir() if entry.name not in MODEL_FILES)
    if others:
        raise Refusal(f"{out_dir} is there and holds more than a model directory does, such as {others[0]}")
    if any(out_dir.iterdir()) and not force:
        raise Refusal(f"{out_dir} is there; --force replaces it")


def put_in_place(made, out_dir):
    """Renames `made` to `out_dir`; whoever looks finds the old directory, for a moment none, then the new one."""
    if not out_dir.exists():
        made.rename(out_dir)
        return
    old = made.with_name(made.name + ".old")
    out_dir.rename(old)
    try:
        made.rename(out_dir)
    except OSError:
        old.rename(out_dir)
        raise
    shutil.rmtree(old)


def convert(options, file):
    """Reads `file`, writes options.out_dir; the line for stdout."""
    try:
        opened = torch_file.open_file(file)
    except Refusal as refusal:
        raise Refusal(f"{options.checkpoint} cannot be read: {refusal}") from refusal
    state, args = official_checkpoint.entries_of(opened.root)
    sizes = official_checkpoint.measure(state)
    tensors = official_checkpoint.select(state, official_checkpoint.tensors_of(sizes))
    pairs = official_checkpoint.second_heads(state)
    official_checkpoint.compare_args(args, sizes, bool(pairs))
    input_size = input_size_of(options, args)
    numbers = sum(math.prod(tensor.shape) for tensor in tensors.values())
    say(f"{options.checkpoint}: {opened.name} format, {len(tensors)} tensors of {numbers:,} numbers, "
        f"{len(state) - len(tensors)} that are not needed")
    tokenizer = find_tokenizer(options, args, sizes.text["vocab_size"])
    say(f"vocab.json and merges.txt: those in {tokenizer}")
    compare_heads(opened, state, pairs)

    options.out_dir.parent.mkdir(parents=True, exist_ok=True)
    made = pathlib.Path(tempfile.mkdtemp(prefix=f".{options.out_dir.name}.", dir=options.out_dir.parent))
    try:
        for name in TOKENIZER_FILES:
            shutil.copyfile(tokenizer / name, made / name)
        config = official_checkpoint.config_of(sizes, input_size)
        (made / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        write_weights(made / "model.safetensors", opened, tensors, options.dtype)
        made.chmod(0o755)  # a server under another user reads it too
        put_in_place(made, options.out_dir)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return (f"{options.out_dir}: {len(tensors)} tensors as {options.dtype}, {sizes.queries} queries, "
            f"input {input_size} x {input_size}")


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path, help="what the official main.py saved: checkpoint.pth")
    parser.add_argument("out_dir", type=pathlib.Path, help="the model directory to make")
    datasets = sorted(name for name, _ in official_checkpoint.DATASETS.values())
    parser.add_argument("--dataset", choices=datasets, help="what it was trained on, when it does not say so")
    parser.add_argument("--input-size", type=int, metavar="N",
                        help="side of the square input in pixels, whatever the data set")
    parser.add_argument("--tokenizer", type=pathlib.Path, metavar="DIR",
                        help="holds roberta-base's vocab.json and merges.txt")
    parser.add_argument("--dtype", choices=TYPES, default="float32",
                        help="of the numbers in model.safetensors (float32)")
    parser.add_argument("--force", action="store_true", help="replace OUT_DIR when it is a model directory")
    options = parser.parse_args(arguments)
    if options.input_size is not None and options.input_size not in SIDES:
        parser.error(f"--input-size is {options.input_size}, must be in {SIDES.start}..{SIDES.stop - 1}")
    return options


def main(arguments=None):
    options = parse(arguments)
    try:
        check_out_dir(options.out_dir, options.force)
        with options.checkpoint.open("rb") as file:
            print(convert(options, file))
    except Refusal as refusal:
        say(f"error: {refusal}")
        return 1
    except OSError as error:
        say(f"error: {error.filename}: {error.strerror}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
