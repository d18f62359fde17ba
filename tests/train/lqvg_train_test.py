"""`lqvg-train` and `lqvg-scenes` as a person runs them."""
import json
import os
import pathlib
import re
import signal
import subprocess
import xml.etree.ElementTree

import numpy
import pytest
from safetensors.numpy import load_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("LQVG_BINARY_DIR", ROOT / "build" / "bin"))
LONGEST_RUN_S = 120  # a test that takes longer hangs


def run(program, *arguments):
    """(exit code, stdout, stderr)"""
    done = subprocess.run([BINARIES / program, *map(str, arguments)], capture_output=True, text=True,
                          timeout=LONGEST_RUN_S)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def model_dir(tmp_path):
    """A model directory without weights that learns a step in some hundredths of a second."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    demo = ROOT / "models" / "demo"
    for name in ("vocab.json", "merges.txt"):
        (folder / name).write_bytes((demo / name).read_bytes())
    config = json.loads((demo / "config.json").read_text())
    config.pop("made_up_weights", None)
    config |= {"backbone": {"stem": 4, "widths": [4, 4, 4, 4], "blocks": [1, 1, 1, 1]}, "hidden_dim": 32,
               "enc_layers": 1, "dec_layers": 2, "dim_feedforward": 32, "input_size": 128}
    config["text_encoder"] |= {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
                               "intermediate_size": 16}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def recipe(tmp_path, model_dir):
    """recipe(**changes) -> path"""

    def write(name="recipe.json", **changes):
        settings = {"model_dir": str(model_dir), "scenes": {"resized_share": 0}, "steps": 20, "warm_up_steps": 2,
                    "pictures_per_step": 2, "learning_rate": 2e-3, "checkpoint_every": 10, "evaluate_every": 0,
                    "evaluate_pictures": 4} | changes
        path = tmp_path / name
        path.write_text(json.dumps(settings))
        return path

    return write


def read_history(out):
    return [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]


def test_twenty_steps_leave_a_model_and_the_way_to_it(recipe, tmp_path):
    out = tmp_path / "out"
    code, stdout, stderr = run("lqvg-train", "--recipe", recipe(), "--out", out)
    assert (code, stderr) == (0, "")
    assert re.search(r"step 20/20 .* samples/s", stdout), stdout
    assert stdout.endswith(f"the model is {out}/model\n")
    assert {path.name for path in (out / "model").iterdir()} == {"config.json", "vocab.json", "merges.txt",
                                                                "model.safetensors"}
    weights = load_file(out / "model" / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {numpy.dtype("float16")}
    losses = [row["loss"] for row in read_history(out) if "loss" in row]
    assert losses and all(loss > 0 for loss in losses)
    assert [row["step"] for row in read_history(out) if "accuracy_at_50" in row] == [20]
    xml.etree.ElementTree.parse(out / "curves.svg")


def test_a_stopped_run_goes_on_to_the_same_end(recipe, tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    steady = recipe(decay_from=1)  # else the rate would depend on how many steps there are to be
    assert run("lqvg-train", "--recipe", steady, "--out", whole)[0] == 0
    assert run("lqvg-train", "--recipe", steady, "--out", parts, "--steps", 10)[0] == 0
    code, stdout, _ = run("lqvg-train", "--recipe", steady, "--out", parts)
    assert code == 0 and stdout.startswith("going on after step 10\n")
    a, b = (load_file(out / "checkpoint.safetensors") for out in (whole, parts))
    assert a.keys() == b.keys()
    assert all(numpy.array_equal(a[name], b[name]) for name in a)


def test_sigterm_ends_a_run_with_a_checkpoint(recipe, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen([BINARIES / "lqvg-train", "--recipe", recipe(steps=1_000_000), "--out", out],
                               stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if line.startswith("step "):
            break
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=LONGEST_RUN_S)
    assert process.returncode == 0
    stopped = int(re.search(r"stopped after step (\d+);", rest).group(1))
    assert load_file(out / "checkpoint.safetensors")["step"].tolist() == [stopped]
    assert read_history(out)[-1]["step"] == stopped


def test_a_folder_of_another_recipe_is_not_gone_on_with(recipe, tmp_path):
    out = tmp_path / "out"
    assert run("lqvg-train", "--recipe", recipe(steps=2), "--out", out)[0] == 0
    other = recipe(name="other.json", steps=2, seed=9)
    code, _, stderr = run("lqvg-train", "--recipe", other, "--out", out)
    assert code == 1 and "holds a run of another recipe; --changed-recipe" in stderr
    assert run("lqvg-train", "--recipe", other, "--out", out, "--changed-recipe", "--steps", 3)[0] == 0


@pytest.mark.parametrize("changes, message", [
    ({"step": 3}, "recipe: step is 3, must be left out"),
    ({"model_dir": "/nowhere"}, "/nowhere/config.json: cannot be read"),
    ({"scenes": None, "lists": {"format": "rsvg-hr", "train": "/nowhere.txt"}}, "/nowhere.txt"),
])
def test_faults_of_a_recipe(recipe, tmp_path, changes, message):
    path = recipe(**changes)
    settings = {key: value for key, value in json.loads(path.read_text()).items() if value is not None}
    path.write_text(json.dumps(settings))
    code, _, stderr = run("lqvg-train", "--recipe", path, "--out", tmp_path / "out")
    assert code == 1 and stderr.startswith("lqvg-train: ") and message in stderr


def test_a_list_is_learned_from(recipe, model_dir, tmp_path):
    scenes = tmp_path / "scenes"
    assert run("lqvg-scenes", "--count", 4, "--size", "128x128", "--out", scenes)[0] == 0
    lines = []
    for line in (scenes / "scenes.jsonl").read_text().splitlines():
        scene = json.loads(line)
        for said in scene["expressions"]:
            if said["object"] >= 0:
                box = ",".join(map(str, scene["objects"][said["object"]]["box"]))
                lines.append(f"{scene['seed']}.png,{box},{said['text']}")
    (tmp_path / "list.txt").write_text("\n".join(lines) + "\n")
    path = recipe(lists={"format": "rsvg-hr", "train": str(tmp_path / "list.txt"), "pictures": str(scenes),
                         "validation": str(tmp_path / "list.txt")}, steps=4)
    settings = json.loads(path.read_text())
    settings.pop("scenes")
    path.write_text(json.dumps(settings))
    code, stdout, stderr = run("lqvg-train", "--recipe", path, "--out", tmp_path / "out")
    assert code == 0, stderr
    assert f"{len(lines)} expressions" in stdout
    assert 0 <= read_history(tmp_path / "out")[-1]["mean_iou"] <= 1
    assert "facets" not in stdout and not any("facets" in row for row in read_history(tmp_path / "out"))


def test_evaluation_tells_figures_and_their_floor(tmp_path):
    code, stdout, stderr = run("lqvg-train", "--evaluate", ROOT / "models" / "demo", "--scenes", 4, "--json",
                               tmp_path / "figures.json")
    assert code == 0, stderr
    assert "4 scenes" in stdout and "knowing the kind alone" in stdout
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert 0 < figures["class_only"] < 1 and figures["present"]["expressions"] > 4


@pytest.mark.parametrize("arguments", [
    (), ("--recipe", "x"), ("--steps", "0", "--recipe", "x", "--out", "y"), ("--evaluate", "x", "--out", "y"), ("more",)])
def test_wrong_command_lines(arguments):
    code, _, stderr = run("lqvg-train", *arguments)
    assert code == 2 and "usage: lqvg-train" in stderr


@pytest.mark.parametrize("size", ["128", "127x128", "128x1025", "x", "128x128x"])
def test_wrong_sizes_of_scenes(tmp_path, size):
    assert run("lqvg-scenes", "--size", size, "--out", tmp_path)[0] == 2


def test_scenes_are_written_with_their_expressions(tmp_path):
    assert run("lqvg-scenes", "--seed", 5, "--count", 2, "--out", tmp_path / "new")[0] == 0
    scenes = [json.loads(line) for line in (tmp_path / "new" / "scenes.jsonl").read_text().splitlines()]
    assert [scene["seed"] for scene in scenes] == [5, 6]
    assert all((tmp_path / "new" / f"{scene['seed']}.png").stat().st_size > 1000 for scene in scenes)
    for scene in scenes:
        assert all(-1 <= said["object"] < len(scene["objects"]) for said in scene["expressions"])
    assert run("lqvg-scenes", "--seed", 5, "--count", 2, "--expressions", tmp_path / "texts")[0] == 0
    texts = [said["text"] for scene in scenes for said in scene["expressions"]]
    assert (tmp_path / "texts").read_text().splitlines() == texts
    assert run("lqvg-scenes", "--out", tmp_path, "--expressions", tmp_path / "texts")[0] == 2
