"""The figures of `lqvg-eval` beside a computation of their definition with NumPy, on boxes of every sort."""
import json

import numpy as np
import pytest

COUNT = 4000
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
NOWHERE = "127.0.0.1:9"  # a complete results file needs no server


def random_boxes(random, count):
    """(truths, answers): float32 arrays [count, 4] of x_min, y_min, x_max, y_max; answers near, far, equal and outside, and
    some whose IoU is a tenth, which is where the thresholds are."""
    low = random.uniform(0, 700, (count, 2))
    truths = np.concatenate([low, low + random.uniform(1, 300, (count, 2))], axis=1)
    answers = truths + random.normal(0, 1, (count, 4)) * random.choice([0, 0.01, 2, 20, 200], (count, 1))
    sides = np.abs(answers[:, 2:] - answers[:, :2])  # never inside out, as a model's boxes never are
    answers[:, 2:] = answers[:, :2] + sides
    tenths = random.random(count) < 0.2
    truths[tenths] = truths[tenths].round()
    truths[tenths, 2] = truths[tenths, 0] + 10 * random.integers(1, 30, tenths.sum())
    answers[tenths] = truths[tenths]
    answers[tenths, 2] -= (truths[tenths, 2] - truths[tenths, 0]) / 10 * random.integers(0, 10, tenths.sum())
    return truths.astype(np.float32), answers.astype(np.float32)


def overlaps(truths, answers):
    """Intersection, union and IoU of each pair, float32 as the official code."""
    one, zero, epsilon = np.float32(1), np.float32(0), np.float32(1e-6)
    sides = np.maximum(np.minimum(truths[:, 2:], answers[:, 2:]) - np.maximum(truths[:, :2], answers[:, :2]), zero)
    intersection = sides[:, 0] * sides[:, 1] * one

    def area(boxes):
        return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])

    union = area(answers) + area(truths) - intersection
    iou = (intersection + epsilon) / (union + epsilon)
    assert {intersection.dtype, union.dtype, iou.dtype} == {np.dtype(np.float32)}
    return intersection, union, iou


def expected(truths, answers, failed):
    """What is to be told of these expressions; a failed one is an empty box."""
    intersection, union, iou = overlaps(truths, answers)
    empty = (truths[:, 2] - truths[:, 0]) * (truths[:, 3] - truths[:, 1])
    intersection, union = np.where(failed, 0, intersection), np.where(failed, empty, union)
    iou = np.where(failed, 0, iou).astype(float)
    return {"expressions": len(iou), "accuracy": {str(t): float(np.mean(iou > t)) for t in THRESHOLDS},
            "mean_iou": float(iou.mean()), "cumulative_iou": float(intersection.sum(dtype=float) / union.sum(dtype=float))}


def assert_like(told, wanted):
    assert told["expressions"] == wanted["expressions"]
    assert told["accuracy"] == pytest.approx(wanted["accuracy"], abs=1e-12)
    assert told["mean_iou"] == pytest.approx(wanted["mean_iou"], rel=1e-9)
    assert told["cumulative_iou"] == pytest.approx(wanted["cumulative_iou"], rel=1e-9)


def named(box):
    return dict(zip(("x_min", "y_min", "x_max", "y_max"), map(float, box)))


@pytest.fixture
def tell(lqvg, tmp_path):
    """tell(items, results) -> figures.json of a data set's lines and their results."""

    def run(items, results):
        (tmp_path / "out").mkdir()
        for path, lines in ((tmp_path / "set.jsonl", items), (tmp_path / "out" / "results.jsonl", results)):
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        code, out, err = lqvg("--jsonl", "set.jsonl", "--images-dir", ".", "--out", "out", "--resume", "--json",
                              "--server", NOWHERE, program="lqvg-eval")
        assert code in (0, 1), err
        return json.loads(out)

    return run


def test_figures_are_those_of_the_definition(tell):
    random = np.random.default_rng(20261129)
    truths, answers = random_boxes(random, COUNT)
    kinds = random.choice(["ship", "pier", "storage tank"], COUNT)
    failed = random.random(COUNT) < 0.05
    items, results = [], []
    for i, (truth, answer) in enumerate(zip(truths, answers)):
        said = {"image": f"{i % 900}.png", "expression": f"object {i}", "kind": kinds[i]}
        items.append(said | {"box": [float(side) for side in truth]})
        outcome = ({"error": {"code": "INVALID_ARGUMENT", "reason": "IMAGE_CORRUPT"}} if failed[i]
                   else {"boxes": [named(answer) | {"score": 0.5}], "score": 0.5})
        results.append(said | {"truth": named(truth)} | outcome)
    random.shuffle(results)
    told = tell(items, results)
    iou = overlaps(truths, answers)[2]
    assert all((iou == np.float32(threshold)).sum() > 10 for threshold in THRESHOLDS)
    assert (iou > 0.9).sum() > 100 and (iou < 0.1).sum() > 100 and ((iou > 0.5) & (iou < 0.9)).sum() > 100
    assert (told["present"], told["absent"], told["answered"]) == (COUNT, 0, COUNT - failed.sum())
    assert told["failed"] == {"IMAGE_CORRUPT": failed.sum()}
    assert_like(told | {"expressions": COUNT}, expected(truths, answers, failed))
    assert_like(told["over_answered"], expected(truths[~failed], answers[~failed], failed[~failed]))
    assert sorted(told["by_kind"]) == ["pier", "ship", "storage tank"]
    for kind, row in told["by_kind"].items():
        own = kinds == kind
        assert_like(row, expected(truths[own], answers[own], failed[own]))


def test_auroc_is_the_part_of_the_pairs_that_are_in_order(tell):
    random = np.random.default_rng(7)
    count = 600
    absent = random.random(count) < 0.3
    scores = np.where(absent, random.normal(0.4, 0.2, count), random.normal(0.6, 0.2, count)).round(2).astype(np.float32)
    items, results = [], []
    for i in range(count):
        said = {"image": "a.png", "expression": f"object {i}"}
        items.append(said | {"box": None if absent[i] else [0, 0, 10, 10]})
        results.append(said | ({"absent": True} if absent[i] else {"truth": named([0, 0, 10, 10])}) |
                       {"boxes": [named([0, 0, 10, 10]) | {"score": float(scores[i])}], "score": float(scores[i])})
    difference = scores[~absent][:, None] - scores[absent][None, :]
    assert (difference == 0).any()
    assert tell(items, results)["auroc"] == pytest.approx(np.mean((difference > 0) + (difference == 0) / 2), rel=1e-12)


@pytest.mark.parametrize("truth, answer, iou", [
    ([10, 20, 110, 70], [10, 20, 110, 70], 1),              # itself
    ([0, 0, 10, 10], [10, 0, 20, 10], 5e-9),                # touching
    ([0, 0, 10, 10], [500, 500, 510, 510], 5e-9),           # apart
    ([0, 0, 20, 20], [5, 5, 15, 15], 0.25),                 # one inside the other
    ([5, 5, 15, 15], [0, 0, 20, 20], 0.25),                 # and the other way round
    ([0, 0, 10, 10], [-10, -10, 10, 10], 0.25),             # over the picture's edge: not clipped
    ([0, 0, 10, 10], [-30, -30, -20, -20], 5e-9),           # outside the picture
    ([0, 0, 10, 10], [5, 5, 5, 5], 1e-8),                   # a point
], ids=str)
def test_corner_cases(tell, truth, answer, iou):
    said = {"image": "a.png", "expression": "x"}
    told = tell([said | {"box": truth}],
                [said | {"truth": named(truth), "boxes": [named(answer) | {"score": 1}], "score": 1}])
    assert told["mean_iou"] == pytest.approx(iou, rel=1e-6)
    assert told["accuracy"]["0.5"] == (iou > 0.5)
