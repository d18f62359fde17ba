"""tools/check_proto.sh lets the contract grow and nothing else. Skipped where buf is not installed (`make lint` is)."""

import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
BUF = next((path for path in (ROOT / ".deps").glob("buf-*") if path.is_file()), None)

needs_buf = pytest.mark.skipif(BUF is None, reason="buf is not in .deps: tools/check_proto.sh installs it")


@pytest.fixture(name="tree")
def copy_of_the_tree(tmp_path):
    """What the check reads, in a folder of its own."""
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/check_proto.sh", tmp_path / "tools")
    (tmp_path / ".deps").mkdir()
    if BUF is not None:
        (tmp_path / ".deps" / BUF.name).symlink_to(BUF)
    return tmp_path


def check(tree, *arguments, path="/usr/bin:/bin"):
    return subprocess.run(["/bin/bash", tree / "tools/check_proto.sh", *arguments], env={"PATH": path, "HOME": str(tree)},
                          capture_output=True, text=True, check=False)


def edit(tree, before, after):
    contract = tree / "proto/lqvg/v1/grounding.proto"
    text = contract.read_text(encoding="utf-8")
    assert text.count(before) == 1
    contract.write_text(text.replace(before, after), encoding="utf-8")


@needs_buf
def test_accepts_the_contract_as_it_is(tree):
    result = check(tree)
    assert result.returncode == 0, result.stdout + result.stderr


@needs_buf
@pytest.mark.parametrize("before, after", [
    ("  bool clip_boxes = 5;", ""),
    ("optional float min_score = 4;", "optional double min_score = 4;"),
    ("  string request_id = 6;\n  // Empty, or", "  string request_id = 16;\n  // Empty, or"),
    ("CACHE_POLICY_BYPASS = 1;", "CACHE_POLICY_BYPASS = 2;"),
])
def test_refuses_what_breaks_a_client_even_with_update(tree, before, after):
    edit(tree, before, after)
    baseline = (tree / "proto/lqvg_v1.binpb").read_bytes()
    result = check(tree, "--update")
    assert result.returncode == 1
    assert "would break clients" in result.stderr
    assert (tree / "proto/lqvg_v1.binpb").read_bytes() == baseline


@needs_buf
def test_a_new_field_counts_once_it_is_taken_over(tree):
    edit(tree, "  CachePolicy cache_policy = 8;", "  CachePolicy cache_policy = 8;\n  // New.\n  bool newcomer = 9;")
    assert "--update" in check(tree).stderr
    assert check(tree, "--update").returncode == 0
    assert check(tree).returncode == 0
    edit(tree, "bool newcomer = 9;", "string newcomer = 9;")
    assert "would break clients" in check(tree).stderr


@needs_buf
def test_refuses_a_field_without_comment(tree):
    edit(tree, "  CachePolicy cache_policy = 8;", "  CachePolicy cache_policy = 8;\n  bool newcomer = 9;")
    result = check(tree)
    assert result.returncode == 1
    assert "style" in result.stderr


def test_says_what_is_missing_and_fails_unless_told(tree):
    for installed in (tree / ".deps").iterdir():
        installed.unlink()
    empty = tree / "bin"
    empty.mkdir()
    for tool in ("dirname", "uname", "mkdir"):
        (empty / tool).symlink_to(shutil.which(tool))

    result = check(tree, path=str(empty))
    assert result.returncode == 1
    assert "is missing" in result.stderr and "npm" in result.stderr

    result = check(tree, "--allow-missing-buf", path=str(empty))
    assert result.returncode == 0
    assert "NOT CHECKED" in result.stderr
