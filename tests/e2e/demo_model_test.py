"""What `models/demo` promises in its card, in small: it finds what it is asked for in pictures that it never saw."""
import json
import pathlib
import subprocess

import pytest

import lqvg

SCENES = 30
ACCURACY_FLOOR = 0.75  # of about 90 expressions; the card has the figure of 1000 scenes
CHANCE = 0.25          # what a model that does not look at the picture could hope for


def overlap(box, truth):
    """Intersection over union of a box and [x_min, y_min, x_max, y_max]."""
    width = min(box.x_max, truth[2]) - max(box.x_min, truth[0])
    height = min(box.y_max, truth[3]) - max(box.y_min, truth[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = (box.x_max - box.x_min) * (box.y_max - box.y_min) + (truth[2] - truth[0]) * (truth[3] - truth[1])
    return shared / (areas - shared)


@pytest.fixture(scope="module")
def answers(binaries, demo_server, tmp_path_factory):
    """(expression, true box or None, best box) for each expression of some scenes."""
    folder = tmp_path_factory.mktemp("scenes")
    subprocess.run([binaries / "lqvg-scenes", "--seed", "3000000", "--count", str(SCENES), "--out", folder], check=True)
    rows = []
    with lqvg.Client(demo_server.address) as client:
        for line in (folder / "scenes.jsonl").read_text().splitlines():
            scene = json.loads(line)
            said = scene["expressions"]
            answer = client.ground(folder / f"{scene['seed']}.png", [entry["text"] for entry in said])
            for entry, result in zip(said, answer.results):
                truth = scene["objects"][entry["object"]]["box"] if entry["object"] >= 0 else None
                rows.append((entry["text"], truth, result.best))
    return rows


def test_boxes_are_where_the_objects_are(answers):
    right = [overlap(box, truth) > 0.5 for _, truth, box in answers if truth is not None]
    assert len(right) > 2 * SCENES
    assert sum(right) / len(right) > ACCURACY_FLOOR


def test_it_is_the_expression_that_chooses(answers):
    """The next expression's answer, of another object or picture, is seldom the right one."""
    present = [(truth, box) for _, truth, box in answers if truth is not None]
    wrong = [overlap(box, truth) > 0.5 for (truth, _), (_, box) in zip(present, present[4:] + present[:4])]
    assert sum(wrong) / len(wrong) < CHANCE


def test_scores_tell_whether_it_is_there(answers):
    present = sorted(box.score for _, truth, box in answers if truth is not None)
    absent = sorted(box.score for _, truth, box in answers if truth is None)
    assert absent and present[len(present) // 2] > absent[len(absent) // 2]
