#!/usr/bin/env python3
"""Triton Inference Server with the official LQVG code behind it, through nvidia-pytriton: what lqvg-server is measured beside.

    bench/official/official_model.py --official CHECKOUT --model DIR --threads 2 --grpc-port 8001

CHECKOUT is a clone of LANMNG/LQVG, imported as it lies there; DIR is a model directory of ours, whose weights bear the names of
the official checkpoint. What stands in the way of running that code without a GPU, a download or a training environment is
replaced while it is imported. Each pair of the picture and an expression runs by itself: the official inference takes no more
than one. Prints what it runs on, then "ready". Inputs IMAGE and EXPRESSION, BYTES [1,1] and [n,1]; outputs BOXES FP32 [n,4]
and SCORES FP32 [n].
"""

import argparse
import importlib
import io
import json
import pathlib
import sys
import time
import types
from unittest import mock

import numpy as np
import PIL.Image
import torch
import torchvision.transforms.functional
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig
from safetensors.torch import load_file
# Before the checkout is on the path, whose top-level packages have common names.
from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

TRAINING_ONLY = ("fvcore.nn.weight_init", "pycocotools.mask", "scipy.optimize")
# The box heads are there twice in the official checkpoint; nobody reads the others at inference.
MAY_BE_MISSING = ("transformer.decoder.bbox_embed.", "text_encoder.pooler.", "text_encoder.embeddings.position_ids")


class TextEncoder:
    """In place of `RobertaModel` and `RobertaTokenizerFast`, which the official code downloads."""

    def __init__(self, make):
        self.from_pretrained = lambda _: make()


class DeformableAttention:
    """In place of the autograd function around the CUDA kernel: the official code's own version in PyTorch."""

    core = None

    @classmethod
    def apply(cls, value, shapes, _level_starts, locations, weights, _step):
        return cls.core(value, shapes, locations, weights)


def import_official(checkout):
    """Its modules, with what only training or a GPU needs replaced by something that can be imported."""
    for name in ("MultiScaleDeformableAttention", *TRAINING_ONLY):
        for depth in range(1, name.count(".") + 2):
            sys.modules.setdefault(".".join(name.split(".")[:depth]), mock.MagicMock())
    sys.path.insert(0, str(checkout))
    official = types.SimpleNamespace(
        options=importlib.import_module("opts"), letterbox=importlib.import_module("util.transforms").letterbox,
        models=importlib.import_module("models"), backbone=importlib.import_module("models.backbone"),
        lqvg=importlib.import_module("models.LQVG"))
    DeformableAttention.core = importlib.import_module("models.ops.functions.ms_deform_attn_func").ms_deform_attn_core_pytorch
    importlib.import_module("models.ops.modules.ms_deform_attn").MSDeformAttnFunction = DeformableAttention
    official.backbone.is_main_process = lambda: False  # or it downloads the weights of ImageNet
    return official


def build_model(official, directory, config):
    text = {key: value for key, value in config["text_encoder"].items() if key != "model_type"}
    official.lqvg.RobertaModel = TextEncoder(lambda: RobertaModel(RobertaConfig(type_vocab_size=1, **text)))
    official.lqvg.RobertaTokenizerFast = TextEncoder(lambda: RobertaTokenizerFast(
        str(directory / "vocab.json"), str(directory / "merges.txt")))
    options = argparse.ArgumentParser(parents=[official.options.get_args_parser()]).parse_args([
        "--device=cpu", "--with_box_refine", "--binary", "--freeze_text_encoder", f"--backbone={config['backbone']}",
        *(f"--{name}={config[name]}" for name in ("hidden_dim", "nheads", "num_feature_levels", "enc_layers", "dec_layers",
                                                  "enc_n_points", "dec_n_points", "dim_feedforward", "num_queries"))])
    model = official.models.build_model(options)[0].eval()
    missing, unknown = model.load_state_dict(load_file(str(directory / "model.safetensors")), strict=False)
    missing = [name for name in missing if not name.startswith(MAY_BE_MISSING)]
    if missing or unknown:
        raise SystemExit(f"not the weights of the official model: missing {missing}, unknown {unknown}")
    return model


class Grounder:
    """The official test: datasets/rsvg_mm.py before the model, inference_rsvg.py after it."""

    def __init__(self, official, model, side):
        self._letterbox, self._model, self._side = official.letterbox, model, side

    def ground(self, encoded, expressions):
        """The best box of each in pixels of the picture, not clipped, and its score."""
        picture = np.array(PIL.Image.open(io.BytesIO(encoded)).convert("RGB"))
        picture, _, ratio, left, top = self._letterbox(picture, None, self._side)
        functional = torchvision.transforms.functional
        tensor = functional.normalize(functional.to_tensor(picture), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        boxes, scores = [], []
        for expression in expressions:
            with torch.no_grad():
                # A batch of a video of one frame; the model takes its list of targets apart and writes to its input.
                answer = self._model(tensor[None, None].clone(), [" ".join(expression.lower().split())], [{}])
            score, best = answer["pred_logits"][0, 0, :, 0].sigmoid().max(0)
            x, y, width, height = (answer["pred_boxes"][0, 0, best] * self._side).tolist()
            boxes.append([(x - width / 2 - left) / ratio, (y - height / 2 - top) / ratio,
                          (x + width / 2 - left) / ratio, (y + height / 2 - top) / ratio])
            scores.append(score.item())
        return {"BOXES": np.array(boxes, np.float32), "SCORES": np.array(scores, np.float32)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--official", type=pathlib.Path, required=True, help="a clone of LANMNG/LQVG")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="a model directory of ours")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--grpc-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, default=8000)
    parser.add_argument("--metrics-port", type=int, default=8002)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    config = json.loads((arguments.model / "config.json").read_text(encoding="utf-8"))
    official = import_official(arguments.official)
    grounder = Grounder(official, build_model(official, arguments.model, config), config["input_size"])

    def infer(requests):
        return [grounder.ground(request["IMAGE"].item(), [text.decode() for text in request["EXPRESSION"].flatten()])
                for request in requests]

    here = "127.0.0.1"  # and not the whole network, which is Triton's default
    listen = TritonConfig(grpc_address=here, grpc_port=arguments.grpc_port, http_address=here, http_port=arguments.http_port,
                          metrics_address=here, metrics_port=arguments.metrics_port)
    with Triton(config=listen) as triton:
        # Without Triton's batches: in one of them a picture could not have several expressions.
        triton.bind(
            model_name="lqvg", infer_func=infer, config=ModelConfig(batching=False),
            inputs=[Tensor(name="IMAGE", dtype=bytes, shape=(1, 1)), Tensor(name="EXPRESSION", dtype=bytes, shape=(-1, 1))],
            outputs=[Tensor(name="BOXES", dtype=np.float32, shape=(-1, 4)),
                     Tensor(name="SCORES", dtype=np.float32, shape=(-1,))])
        triton.run()
        print(f"torch {torch.__version__}, {torch.get_num_threads()} threads\nready", flush=True)
        try:
            while triton.is_alive():
                time.sleep(1)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
