#!/usr/bin/env python3
"""Writes criterion_golden.json: losses and gradients that the official code gives for made-up proposals.

    make_criterion_golden.py OFFICIAL_CHECKOUT criterion_golden.json

OFFICIAL_CHECKOUT is a checkout of github.com/LANMNG/LQVG, whose models/matcher.py and models/criterion.py run as they
are. Needs torch, einops, numpy. What those two files import and never call here (torchvision, scipy, fvcore) is stood in
for, so that it need not be installed.
"""
import argparse, importlib.util, json, pathlib, sys, types

import numpy as np
import torch

LAYERS, QUERIES, ROWS = 3, 6, 5


def stand_in(name, **attributes):
    module = types.ModuleType(name)
    module.__dict__.update(attributes)
    sys.modules[name] = module
    return module


def load_official(root):
    never = lambda *_, **__: (_ for _ in ()).throw(AssertionError("never called here"))
    area = lambda boxes: (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for name in ("torchvision", "torchvision.ops", "scipy"):
        stand_in(name)
    stand_in("torchvision.ops.boxes", box_area=area)
    stand_in("scipy.optimize", linear_sum_assignment=never)
    util = stand_in("util", __path__=[str(root / "util")])
    stand_in("util.misc", NestedTensor=object, nested_tensor_from_tensor_list=never, accuracy=never, interpolate=never,
             get_world_size=lambda: 1, is_dist_avail_and_initialized=lambda: False, inverse_sigmoid=never)
    models = stand_in("official", __path__=[str(root / "models")])
    # Of segmentation.py the criterion uses two functions; the rest of the file wants packages that nothing here needs.
    text = (root / "models" / "segmentation.py").read_text()
    body = text[text.index("def dice_loss"):]
    end = body.find("\nclass ")
    segmentation = stand_in("official.segmentation", torch=torch, F=torch.nn.functional)
    exec(body if end < 0 else body[:end], segmentation.__dict__)
    result = {}
    for name, package, folder in (("box_ops", "util", "util"), ("matcher", "official", "models"),
                                  ("criterion", "official", "models")):
        spec = importlib.util.spec_from_file_location(f"{package}.{name}", root / folder / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        setattr(util if package == "util" else models, name, module)
        spec.loader.exec_module(module)
        result[name] = module
    return result


def make_case(official, seed):
    rng = np.random.Generator(np.random.Philox(seed))
    logits = [torch.tensor(rng.normal(-1.5, 1.5, (ROWS, QUERIES)), dtype=torch.float32, requires_grad=True)
              for _ in range(LAYERS)]
    boxes = [torch.tensor(rng.uniform([0.2, 0.2, 0.05, 0.05], [0.8, 0.8, 0.4, 0.4], (ROWS, QUERIES, 4)),
                          dtype=torch.float32, requires_grad=True) for _ in range(LAYERS)]
    target = torch.tensor(rng.uniform([0.2, 0.2, 0.05, 0.05], [0.8, 0.8, 0.4, 0.4], (ROWS, 4)), dtype=torch.float32)
    matcher = official["matcher"].HungarianMatcher(cost_class=2, cost_bbox=5, cost_giou=2, num_classes=1)
    criterion = official["criterion"].SetCriterion(1, matcher, {}, eos_coef=0.1, losses=["labels", "boxes"])
    # the official tensors have a dimension of one frame, and one of one class
    outputs = [{"pred_logits": l[:, None, :, None], "pred_boxes": b[:, None]} for l, b in zip(logits, boxes)]
    targets = [{"labels": torch.tensor([0]), "boxes": t[None], "valid": torch.tensor([1])} for t in target]
    losses = criterion({**outputs[-1], "aux_outputs": outputs[:-1]}, targets)
    total = lambda name: sum(value for key, value in losses.items() if key.startswith(name))
    focal, l1, giou = total("loss_ce"), total("loss_bbox"), total("loss_giou")
    (2 * focal + 5 * l1 + 2 * giou).backward()
    numbers = lambda tensor: [float(f"{x:.9g}") for x in tensor.detach().flatten().tolist()]
    return {
        "logits": [numbers(x) for x in logits], "boxes": [numbers(x) for x in boxes], "target": numbers(target),
        "matched": [[int(i) for i, _ in matcher(o, targets)] for o in outputs],
        "focal": focal.item(), "l1": l1.item(), "giou": giou.item(),
        "logit_gradients": [numbers(x.grad) for x in logits], "box_gradients": [numbers(x.grad) for x in boxes],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("official", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    official = load_official(args.official)
    golden = {"layers": LAYERS, "rows": ROWS, "queries": QUERIES, "cases": [make_case(official, seed) for seed in (1, 2)]}
    args.out.write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
