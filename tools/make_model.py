#!/usr/bin/env python3
"""Write a deterministic LQVG model directory with made-up weights.

The weights mean nothing (no grounding ability). At full size they exist so that an implementation can be compared,
number by number, with what the official Python code gave for the very same weights (tests/reference/cases, seed 1).
Tiny, they keep the demo and the end-to-end tests fast until a small model is trained. Every tensor is drawn from
numpy's Philox generator keyed by its own name and the seed, so the files are identical on every machine.

    make_model.py --seed 1 OUT_DIR               model.safetensors + config.json + tokenizer files
    make_model.py --seed 1 --also-size 800 DIR_800 OUT_DIR   a second directory for another input size, sharing the weights
    make_model.py --tiny OUT_DIR                 0.7 million parameters, F16, a small vocabulary of its own
    make_model.py --seed 1 --official-pth F.pth OUT_DIR   also the checkpoint as the official training code saves it
                                                 (needs torch)

Tensor names and shapes are those of the official checkpoint's `model` entry (with_box_refine, binary).
Needs: numpy, safetensors; --tiny also tokenizers.
"""
import argparse
import dataclasses
import json
import math
import pathlib
import shutil
import zlib

import numpy as np

HEADS, LEVELS, POINTS = 8, 4, 4


@dataclasses.dataclass
class Shape:
    """The sizes of a model; the defaults are the official ones."""
    stem: int = 64
    widths: tuple = (64, 128, 256, 512)
    blocks: tuple = (3, 4, 6, 3)
    dim: int = 256
    ffn: int = 2048
    queries: int = 10
    layers: int = 4
    input_size: int = 1024
    text: dict = dataclasses.field(default_factory=lambda: dict(
        vocab_size=50265, hidden_size=768, num_hidden_layers=12, num_attention_heads=12,
        intermediate_size=3072, max_position_embeddings=514, layer_norm_eps=1e-5, pad_token_id=1))

    def config(self, input_size):
        full = self.widths[0] == 64
        return {
            "format_version": 1, "model_type": "lqvg", "made_up_weights": True,
            "backbone": "resnet50" if full else {"stem": self.stem, "widths": self.widths, "blocks": self.blocks},
            "hidden_dim": self.dim, "nheads": HEADS, "num_feature_levels": LEVELS,
            "enc_layers": self.layers, "dec_layers": self.layers, "enc_n_points": POINTS, "dec_n_points": POINTS,
            "dim_feedforward": self.ffn, "num_queries": self.queries, "with_box_refine": True, "num_classes": 1,
            "input_size": input_size, "text_encoder": {"model_type": "roberta", **self.text}}


TINY = Shape(stem=16, widths=(16, 24, 32, 48), blocks=(1, 1, 1, 1), dim=64, ffn=128, layers=2, input_size=256, text=dict(
    vocab_size=480, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
    max_position_embeddings=130, layer_norm_eps=1e-5, pad_token_id=1))


class Weights:
    def __init__(self, seed):
        self.seed, self.tensors = seed, {}

    def rng(self, name):
        return np.random.Generator(np.random.Philox(key=[self.seed, zlib.crc32(name.encode())]))

    def uniform(self, name, shape, low, high):
        values = self.rng(name).random(shape, dtype=np.float32)
        self.tensors[name] = (values * np.float32(high - low) + np.float32(low)).astype(np.float32)

    def symmetric(self, name, shape, bound):
        self.uniform(name, shape, -bound, bound)

    def linear(self, name, out_features, in_features, gain=1.0, bias=0.1):
        self.symmetric(f"{name}.weight", (out_features, in_features),
                       gain * math.sqrt(6.0 / (in_features + out_features)))
        self.symmetric(f"{name}.bias", (out_features,), bias)

    def norm(self, name, size):
        self.uniform(f"{name}.weight", (size,), 0.8, 1.2)
        self.symmetric(f"{name}.bias", (size,), 0.1)

    def conv(self, name, out_c, in_c, k, gain=1.0):
        self.symmetric(f"{name}.weight", (out_c, in_c, k, k), gain * math.sqrt(6.0 / (in_c * k * k)))

    def frozen_bn(self, name, c, low=0.8, high=1.2):
        self.uniform(f"{name}.weight", (c,), low, high)
        self.symmetric(f"{name}.bias", (c,), 0.2)
        self.symmetric(f"{name}.running_mean", (c,), 0.2)
        self.uniform(f"{name}.running_var", (c,), 0.8, 1.2)

    def attention(self, name, d):
        self.symmetric(f"{name}.in_proj_weight", (3 * d, d), math.sqrt(6.0 / (4 * d)))
        self.symmetric(f"{name}.in_proj_bias", (3 * d,), 0.1)
        self.linear(f"{name}.out_proj", d, d)

    def deformable_attention(self, name, dim):
        thetas = np.arange(HEADS, dtype=np.float32) * np.float32(2.0 * math.pi / HEADS)
        grid = np.stack([np.cos(thetas), np.sin(thetas)], -1)
        grid = grid / np.abs(grid).max(-1, keepdims=True)
        grid = np.tile(grid.reshape(HEADS, 1, 1, 2), (1, LEVELS, POINTS, 1))
        grid *= np.arange(1, POINTS + 1, dtype=np.float32).reshape(1, 1, POINTS, 1)
        self.linear(f"{name}.sampling_offsets", HEADS * LEVELS * POINTS * 2, dim, gain=1.5)
        self.tensors[f"{name}.sampling_offsets.bias"] += grid.reshape(-1).astype(np.float32)
        self.linear(f"{name}.attention_weights", HEADS * LEVELS * POINTS, dim, gain=2.0)
        self.linear(f"{name}.value_proj", dim, dim)
        self.linear(f"{name}.output_proj", dim, dim)

    def mlp(self, name, dim, last_gain):
        self.linear(f"{name}.layers.0", dim, dim)
        self.linear(f"{name}.layers.1", dim, dim)
        self.linear(f"{name}.layers.2", 4, dim, gain=last_gain)


def build(shape, seed):
    dim = shape.dim
    w = Weights(seed)
    body = "backbone.0.body"
    w.conv(f"{body}.conv1", shape.stem, 3, 7)
    w.frozen_bn(f"{body}.bn1", shape.stem)
    in_c = shape.stem
    for stage, (planes, blocks) in enumerate(zip(shape.widths, shape.blocks), start=1):
        for block in range(blocks):
            p = f"{body}.layer{stage}.{block}"
            for i, (o, c, k) in enumerate([(planes, in_c, 1), (planes, planes, 3), (planes * 4, planes, 1)], 1):
                w.conv(f"{p}.conv{i}", o, c, k)
                w.frozen_bn(f"{p}.bn{i}", o, *((0.15, 0.35) if i == 3 else (0.8, 1.2)))
            if block == 0:
                w.conv(f"{p}.downsample.0", planes * 4, in_c, 1)
                w.frozen_bn(f"{p}.downsample.1", planes * 4)
            in_c = planes * 4
    for level, (c, k) in enumerate([(4 * shape.widths[1], 1), (4 * shape.widths[2], 1), (4 * shape.widths[3], 1), (4 * shape.widths[3], 3)]):
        w.conv(f"input_proj.{level}.0", dim, c, k)
        w.symmetric(f"input_proj.{level}.0.bias", (dim,), 0.1)
        w.norm(f"input_proj.{level}.1", dim)

    t, h = "text_encoder", shape.text["hidden_size"]
    w.symmetric(f"{t}.embeddings.word_embeddings.weight", (shape.text["vocab_size"], h), 0.1)
    w.symmetric(f"{t}.embeddings.position_embeddings.weight", (shape.text["max_position_embeddings"], h), 0.1)
    w.symmetric(f"{t}.embeddings.token_type_embeddings.weight", (1, h), 0.1)
    w.norm(f"{t}.embeddings.LayerNorm", h)
    for i in range(shape.text["num_hidden_layers"]):
        p = f"{t}.encoder.layer.{i}"
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            w.linear(f"{p}.{part}", h, h)
        w.norm(f"{p}.attention.output.LayerNorm", h)
        w.linear(f"{p}.intermediate.dense", shape.text["intermediate_size"], h)
        w.linear(f"{p}.output.dense", h, shape.text["intermediate_size"])
        w.norm(f"{p}.output.LayerNorm", h)
    w.linear(f"{t}.pooler.dense", h, h)
    w.linear("resizer.fc", dim, h)
    w.norm("resizer.layer_norm", dim)
    w.attention("fusion_module.multihead_attn", dim)
    w.attention("fusion_module_text.multihead_attn", dim)
    w.linear("poolout_module.dense", dim, dim, gain=8.0)

    w.symmetric("transformer.level_embed", (LEVELS, dim), 1.0)
    for i in range(shape.layers):
        p = f"transformer.encoder.layers.{i}"
        w.deformable_attention(f"{p}.self_attn", dim)
        w.norm(f"{p}.norm1", dim)
        w.linear(f"{p}.linear1", shape.ffn, dim)
        w.linear(f"{p}.linear2", dim, shape.ffn)
        w.norm(f"{p}.norm2", dim)
    for i in range(shape.layers):
        p = f"transformer.decoder.layers.{i}"
        w.deformable_attention(f"{p}.cross_attn", dim)
        w.norm(f"{p}.norm1", dim)
        w.attention(f"{p}.self_attn", dim)
        w.norm(f"{p}.norm2", dim)
        w.linear(f"{p}.linear1", shape.ffn, dim)
        w.linear(f"{p}.linear2", dim, shape.ffn)
        w.norm(f"{p}.norm3", dim)
    w.linear("transformer.reference_points", 2, dim)
    w.symmetric("query_embed.weight", (shape.queries, dim), 1.7)
    for i in range(shape.layers):
        w.linear(f"class_embed.{i}", 1, dim, gain=1.5)
        w.mlp(f"bbox_embed.{i}", dim, 1.0)
        w.tensors[f"bbox_embed.{i}.layers.2.bias"][2:] -= np.float32(0.4)
        # the official checkpoint holds the shared box heads under a second name
        for suffix in ("weight", "bias"):
            for j in range(3):
                w.tensors[f"transformer.decoder.bbox_embed.{i}.layers.{j}.{suffix}"] = \
                    w.tensors[f"bbox_embed.{i}.layers.{j}.{suffix}"]
    return w.tensors


# What the tiny model's vocabulary is trained on: the words and the manner of referring expressions over aerial pictures.
def vocabulary_lines():
    kinds = ("airplane", "ship", "harbor", "vehicle", "building", "bridge", "storage tank", "swimming pool", "tennis court",
             "basketball court", "baseball field", "ground track field", "roundabout", "parking lot", "pond", "river", "road")
    zones = ("upper left", "upper right", "lower left", "lower right", "far top", "far bottom", "middle", "center of the left")
    colours = ("red", "green", "blue", "white", "gray", "black", "brown", "yellow")
    for kind in kinds:
        for zone in zones:
            yield f"find a {kind} on the {zone} and it is near the smaller {kind}"
            yield f"the second largest {kind} from the {zone} part"
        for colour in colours:
            yield f"search the larger {colour} {kind} on the left of another {kind}"
            yield f"a {colour} {kind} located at the top of the first small {kind} between some {kind}s"


def write_vocabulary(directory, shape):
    if shape.text["vocab_size"] == 50265:
        roberta = pathlib.Path(__file__).resolve().parent.parent / "tests" / "reference" / "roberta-base"
        for name in ("vocab.json", "merges.txt"):
            shutil.copyfile(roberta / name, directory / name)
        return
    from tokenizers import ByteLevelBPETokenizer
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(vocabulary_lines(), vocab_size=shape.text["vocab_size"], min_frequency=1,
                                  show_progress=False, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    if tokenizer.get_vocab_size() != shape.text["vocab_size"]:
        raise SystemExit(f"the trained vocabulary has {tokenizer.get_vocab_size()} tokens")
    tokenizer.save_model(str(directory))


def write_directory(directory, shape, input_size):
    """Everything of a model directory but the weights."""
    directory.mkdir(parents=True, exist_ok=True)
    write_vocabulary(directory, shape)
    (directory / "config.json").write_text(json.dumps(shape.config(input_size), indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out_dir", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tiny", action="store_true", help="a small model with a small vocabulary, F16")
    parser.add_argument("--input-size", type=int, help="side of the square model input, pixels (1024; tiny: 256)")
    parser.add_argument("--official-pth", type=pathlib.Path)
    parser.add_argument("--also-size", nargs=2, metavar=("SIDE", "DIR"), help="a second directory, weights hard-linked")
    args = parser.parse_args()
    from safetensors.numpy import save_file
    shape = TINY if args.tiny else Shape()
    tensors = build(shape, args.seed)
    own = {k: v for k, v in tensors.items() if not k.startswith("transformer.decoder.bbox_embed.")}
    if args.tiny:
        own = {k: v.astype(np.float16) for k, v in own.items()}
    write_directory(args.out_dir, shape, args.input_size or shape.input_size)
    weights = args.out_dir / "model.safetensors"
    save_file(own, weights, metadata={"format": "pt"})
    weights.chmod(0o644)  # the library writes it for its owner alone; a server under another user reads it too
    if args.also_size:
        sibling = pathlib.Path(args.also_size[1])
        write_directory(sibling, shape, int(args.also_size[0]))
        (sibling / "model.safetensors").unlink(missing_ok=True)
        (sibling / "model.safetensors").hardlink_to(weights)
    if args.official_pth:
        import torch
        state = {k: torch.from_numpy(v.copy()) for k, v in tensors.items()}
        torch.save({"model": state, "optimizer": {"state": {}, "param_groups": []}, "epoch": 69,
                    "lr_scheduler": {"last_epoch": 69},
                    "args": argparse.Namespace(backbone="resnet50", num_queries=shape.queries, binary=True,
                                               with_box_refine=True, enc_layers=shape.layers, dec_layers=shape.layers,
                                               dim_feedforward=shape.ffn, hidden_dim=shape.dim, nheads=HEADS,
                                               num_feature_levels=LEVELS, enc_n_points=POINTS, dec_n_points=POINTS,
                                               dataset_file="rsvg_mm")}, args.official_pth)
    print(f"{len(own)} tensors, {sum(v.size for v in own.values()):,} parameters -> {args.out_dir}")


if __name__ == "__main__":
    main()
