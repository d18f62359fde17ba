"""Checkpoints whose tensors or args are no model that can be served, and where the input size comes from."""
import json

import numpy as np
import pytest
from checkpoint_bench import ARGS, maker, own


@pytest.mark.parametrize("queries,layers", [(1, 2), (5, 3)])
def test_other_numbers_of_queries_and_layers(bench, queries, layers):
    shape = maker.dataclasses.replace(maker.TINY, queries=queries, layers=layers)
    weights = maker.build(shape, seed=1)
    bench.write(weights, {**ARGS, "num_queries": queries, "enc_layers": layers, "dec_layers": layers})
    assert bench.convert()[0] == 0
    config = json.loads((bench.out / "config.json").read_text())
    assert (config["num_queries"], config["enc_layers"], config["dec_layers"]) == (queries, layers, layers)


@pytest.mark.parametrize("change,words", [
    ({"resizer.fc.bias": None}, ["tensor resizer.fc.bias is missing"]),
    ({"query_embed.weight": None}, ["tensor query_embed.weight is missing"]),
    ({"transformer.encoder.layers.0.linear1.weight": None}, ["transformer.encoder.layers.0.linear1.weight is missing"]),
    ({"resizer.fc.bias": np.zeros(65, "<f4")}, ["tensor resizer.fc.bias has shape [65], must be [64]"]),
    ({"class_embed.1.weight": np.zeros((91, 64), "<f4")}, ["class_embed.1.weight has shape [91, 64], must be [1, 64]"]),
    ({"resizer.fc.bias": np.zeros(64, "<i8")}, ["tensor resizer.fc.bias holds int64, must be one of"]),
    ({"mask_head.weight": np.zeros(3, "<f4")}, ["tensor mask_head.weight is not part of the model"]),
    ({"transformer.level_embed": np.zeros((3, 64), "<f4")}, ["has shape [3, 64], must be [4, 64]"]),
    ({"query_embed.weight": np.zeros(64, "<f4")}, ["query_embed.weight has shape [64]"]),
    ({"transformer.encoder.layers.9999.x": np.zeros(3, "<f4")}, ["transformer.encoder.layers.9999", "96 layers"]),
    ({"transformer.decoder.bbox_embed.1.layers.2.bias": None}, ["only 11 of the 12 tensors bbox_embed.*"]),
    ({"transformer.decoder.bbox_embed.1.layers.2.bias": np.ones(4, "<f4")}, ["embed.1.layers.2.bias", "must be equal"]),
    ({f"tensor.{number}": np.zeros(1, "<f4") for number in range(9)}, ["tensor.4 is not part", "and 4 more faults"]),
])
def test_a_tensor_that_is_not_as_it_must_be_is_named(bench, weights, change, words):
    tensors = {name: array for name, array in {**weights, **change}.items() if array is not None}
    bench.write(tensors, ARGS)
    bench.expect_refusal(*words)


@pytest.mark.parametrize("change,words", [
    ({"num_queries": 5}, ["args.num_queries is 5", "tensors say 10"]), ({"enc_layers": 6}, ["args.enc_layers is 6"]),
    ({"dec_layers": 1}, ["args.dec_layers is 1"]), ({"dim_feedforward": 2048}, ["args.dim_feedforward"]),
    ({"hidden_dim": 256}, ["args.hidden_dim"]), ({"enc_n_points": 8}, ["args.enc_n_points"]),
    ({"with_box_refine": False}, ["args.with_box_refine is False"]), ({"nheads": 4}, ["args.nheads is 4, must be 8"]),
    ({"dilation": True}, ["args.dilation"]), ({"position_embedding": "learned"}, ["args.position_embedding"]),
    ({"backbone": "resnet50"}, ["args.backbone is 'resnet50'", "[1, 1, 1, 1]"]),
    ({"num_queries": [10]}, ["of type list"]), ({"num_queries": 10**5000}, ["args.num_queries is beyond any size"]),
])
def test_args_that_contradict_the_tensors(bench, weights, change, words):
    bench.write(weights, {**ARGS, **change})
    bench.expect_refusal(*words)


def test_boxes_that_are_not_refined(bench, weights):
    bench.write(own(weights), {"dataset_file": "rsvg"})
    bench.expect_refusal("--with_box_refine")


# --- the input size

@pytest.mark.parametrize("dataset_file,options,side", [
    ("rsvg", (), 800), ("rsvg_mm", (), 1024),
    (None, ("--dataset", "dior-rsvg"), 800), (None, ("--dataset", "rsvg-hr"), 1024),
    ("rsvg", ("--dataset", "dior-rsvg"), 800), ("refcoco", ("--dataset", "rsvg-hr"), 1024),
    ("rsvg", ("--input-size", 512), 512), (None, ("--input-size", 640), 640)])
def test_the_input_size_is_that_of_the_data_set(bench, weights, dataset_file, options, side):
    bench.write(weights, {**ARGS, "dataset_file": dataset_file} if dataset_file else None)
    assert bench.convert(*options)[0] == 0
    assert json.loads((bench.out / "config.json").read_text())["input_size"] == side


@pytest.mark.parametrize("args,options,words", [
    (None, (), ["no args.dataset_file", "--dataset", "--input-size"]),
    ({"dataset_file": "refcoco"}, (), ["'refcoco'", "--dataset"]),
    ({"dataset_file": ["rsvg"]}, (), ["of type list"]),
    ({"dataset_file": "rsvg"}, ("--dataset", "rsvg-hr"), ["dior-rsvg", "not on rsvg-hr"])])
def test_an_input_size_that_nobody_knows(bench, weights, args, options, words):
    bench.write(weights, args)
    bench.expect_refusal(*words, options=options)


def test_a_side_that_no_server_takes_is_a_wrong_command_line(bench, weights):
    bench.write(weights, ARGS)
    with pytest.raises(SystemExit) as end:
        bench.convert("--input-size", 63)
    assert end.value.code == 2
