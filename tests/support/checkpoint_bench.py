"""A tiny LQVG's checkpoint as the official training code lays it out, and tools/convert_checkpoint.py at work on it."""
import importlib.util
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file
from torch_file_writer import Call, Global, Storages, namespace, ordered, write_zip

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "convert_checkpoint.py"
ARGS = {"num_queries": 10, "enc_layers": 2, "dec_layers": 2, "dim_feedforward": 128, "hidden_dim": 64, "nheads": 8,
        "num_feature_levels": 4, "enc_n_points": 4, "dec_n_points": 4, "with_box_refine": True, "binary": True,
        "two_stage": False, "dilation": False, "position_embedding": "sine", "dataset_file": "rsvg_mm", "lr_drop": [40]}


def module_of(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
    return module


maker = module_of(ROOT / "tools" / "make_model.py")
converter = module_of(TOOL)


def write_checkpoint(path, tensors, args=None, *, storages=None, writer=write_zip, **entries):
    """A checkpoint of arrays, or of tensors made with `storages`, as main.py lays it out."""
    storages = storages or Storages()
    state = [(name, storages.tensor(each) if isinstance(each, np.ndarray) else each)
             for name, each in tensors.items()]
    moments = {"step": 7, "exp_avg": storages.tensor(np.zeros(5, np.float32))}
    milestones = Call(Global("collections", "Counter"), ({40: 1},))
    optimizer = {"state": {0: moments}, "param_groups": [{"lr": 1e-4, "params": [0]}]}
    root = {"model": ordered(state), "optimizer": optimizer,
            "lr_scheduler": {"milestones": milestones, "last_epoch": 69}, "epoch": 69}
    if args is not None:
        root["args"] = namespace(args)
    return writer(path, root, storages, **entries)


class Bench:
    """A folder with a checkpoint, its tokenizer beside it, and what the tool says about it."""

    def __init__(self, folder, capsys):
        self.checkpoint, self.out, self.capsys = folder / "checkpoint.pth", folder / "model", capsys

    def write(self, tensors, args=None, **how):
        return write_checkpoint(self.checkpoint, tensors, args, **how)

    def convert(self, *options):
        """What the tool returns, and its stderr."""
        code = converter.main([str(self.checkpoint), str(self.out), *map(str, options)])
        return code, self.capsys.readouterr().err

    def expect_refusal(self, *words, options=()):
        code, said = self.convert(*options)
        assert code == 1, said
        errors = [line for line in said.splitlines() if " error: " in line]
        assert len(errors) == 1, said
        for word in words:
            assert word in errors[0]
        assert not self.out.exists()
        assert [entry.name for entry in self.out.parent.iterdir() if entry.name.startswith(".")] == []

    def expect_nothing_else(self):
        """Beside the checkpoint there is its tokenizer and the model, and nothing of work that was under way."""
        there = sorted(entry.name for entry in self.out.parent.iterdir())
        assert there == ["checkpoint.pth", "merges.txt", "model", "vocab.json"]


def own(weights):
    return {name: array for name, array in weights.items() if not name.startswith("transformer.decoder.bbox_embed.")}


def expect_weights(bench, weights):
    written = load_file(bench.out / "model.safetensors")
    assert written.keys() == own(weights).keys()
    for name, array in written.items():
        np.testing.assert_array_equal(array, weights[name], err_msg=name, strict=True)
