"""The map in CONTRIBUTING.md names only what exists: a file that moves takes its line along."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("image", "manual", "model", "models", "server", "client", "proto", "tests", "tools", "docs")


def paths_in(text):
    """The paths in backticks that begin with a folder of ours; `model/lqvg` stands for model/lqvg.h."""
    return [path for path in re.findall(r"`([\w./]+)`", text) if path.split("/")[0] in FOLDERS and "/" in path]


def exists(path):
    return (ROOT / path).exists() or (ROOT / f"{path}.h").exists()


def test_every_path_in_contributing_exists():
    paths = paths_in((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    assert len(paths) > 40
    assert [path for path in paths if not exists(path)] == []
