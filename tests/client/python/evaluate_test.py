"""The example client/python/examples/evaluate.py: its figures, and that it keeps several calls in flight."""
import os
import pathlib
import re
import subprocess
import sys
import threading

import numpy
import PIL.Image
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "client" / "python" / "examples" / "evaluate.py"
LONGEST_RUN_S = 60

# Truth and answer, exact in single precision: overlaps between all thresholds but on none, where single precision, in
# which the official code computes, may decide otherwise; boxes apart in x, in y and in both; one that leaves the picture.
TRUTHS, ANSWERS = numpy.array([
    ([10, 10, 50, 50], [10, 10, 50, 50]), ([10, 10, 50, 50], [10, 10, 50, 46.5]), ([10, 10, 50, 50], [14, 10, 56, 52]),
    ([10, 10, 50, 50], [19, 10, 59, 50]), ([0, 0, 20, 10], [0, 0, 20, 18]), ([0, 0, 20, 10], [30, 30, 50, 40]),
    ([0, 0, 20, 10], [30, 0, 50, 10]), ([0, 0, 20, 10], [0, 20, 20, 30]), ([5.5, 6.25, 90, 70.75], [-4, 0, 90, 70.75]),
    ([60, 60, 70, 70], [60, 60, 70, 68.5])], dtype=numpy.float64).swapaxes(0, 1)


def figures(truths, answers):
    """Accuracies, mean IoU and cumulative IoU of rows of boxes."""
    low, high = numpy.maximum(truths[:, :2], answers[:, :2]), numpy.minimum(truths[:, 2:], answers[:, 2:])
    shared = numpy.prod(numpy.clip(high - low, 0, None), axis=1)
    covered = sum(numpy.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (truths, answers)) - shared
    iou = (shared + 1e-6) / (covered + 1e-6)
    accuracies = (iou[None] > numpy.array([[0.5], [0.6], [0.7], [0.8], [0.9]])).mean(axis=1)
    return [*accuracies, iou.mean(), shared.sum() / covered.sum()]


@pytest.fixture
def data_set(tmp_path):
    """(list, folder): five made-up pictures with two expressions each; commas and an empty line are in the list."""
    lines = []
    for i, truth in enumerate(TRUTHS):
        name = f"{i // 2}.png"
        PIL.Image.new("RGB", (100, 80), (20 * i, 90, 60)).save(tmp_path / name)
        lines.append(",".join([name, *map(str, truth), f"find the ship, number {i}"]))
    path = tmp_path / "list.txt"
    path.write_text("\n".join([*lines, "", ""]))
    return path, tmp_path


@pytest.fixture
def evaluate(data_set):
    """evaluate(address) -> the finished process."""

    def run(address):
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "client" / "python" / "src")}
        return subprocess.run([sys.executable, EXAMPLE, *data_set, address], env=environment, capture_output=True,
                              text=True, timeout=LONGEST_RUN_S)

    return run


def answer_by_number(messages):
    """A script: the number at an expression's end says which of ANSWERS it gets."""
    v1 = messages.v1

    def answer(request, context):
        (expression,) = request.expressions
        x_min, y_min, x_max, y_max = ANSWERS[int(re.fullmatch(r"find the ship, number (\d)", expression).group(1))]
        box = v1.Box(x_min=x_min, y_min=y_min, x_max=x_max, y_max=y_max, score=0.5)
        return v1.GroundResponse(results=[v1.Result(boxes=[box])], image_width=100, image_height=80)

    return answer


def test_the_figures_are_those_of_the_official_evaluation(server, messages, evaluate, data_set):
    server.script = answer_by_number(messages)
    done = evaluate(server.address)
    assert done.returncode == 0, done.stderr
    names, values = zip(*(line.split() for line in done.stdout.splitlines()))
    assert names == ("acc@0.5", "acc@0.6", "acc@0.7", "acc@0.8", "acc@0.9", "meanIoU", "cumIoU")
    expected = figures(TRUTHS, ANSWERS)
    assert list(values) == [f"{value:.4f}" for value in expected]
    assert len(set(values)) == len(values)  # the boxes tell all of them apart
    sent = {request.image.encoded for request in server.requests}
    assert sent == {path.read_bytes() for path in data_set[1].glob("*.png")}


def test_several_calls_are_in_flight(server, messages, evaluate):
    answer, five = answer_by_number(messages), threading.Barrier(5)  # half of them

    def wait_for_the_others(request, context):
        five.wait(LONGEST_RUN_S)
        return answer(request, context)

    server.script = wait_for_the_others
    assert evaluate(server.address).returncode == 0


def test_a_failed_call_ends_it(server, messages, evaluate):
    v1 = messages.v1
    server.script = lambda request, context: v1.GroundResponse(
        results=[v1.Result(error=messages.status.Status(code=13, message="the model broke"))], image_width=100,
        image_height=80)
    done = evaluate(server.address)
    assert done.returncode != 0 and "the model broke" in done.stderr and not done.stdout


def test_it_runs_against_the_real_server(demo_server, evaluate):
    done = evaluate(demo_server.address)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"(\S+ +[01]\.\d{4}\n){7}", done.stdout)
