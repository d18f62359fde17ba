"""The dependency law holds in this tree, and tools/check_includes.py sees each kind of violation when it is planted."""

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools/check_includes.py"

spec = importlib.util.spec_from_file_location("check_includes", SCRIPT)
check_includes = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = check_includes
spec.loader.exec_module(check_includes)


def plant(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def violations(root, files):
    plant(root, files)
    return [f"{path}:{line}: {message}" for path, line, message in check_includes.check(root)[1]]


def header(*includes):
    return "// What it is.\n#pragma once\n" + "".join(f"#include {include}\n" for include in includes)


LAWFUL = {
    "model/query.h": header("<vector>"),
    "model/grounder.h": header("<memory>", '"absl/status/statusor.h"', '"model/query.h"'),
    "model/weights.h": header("<ATen/core/Tensor.h>"),
    "model/weights.cc": '#include "model/weights.h"\n#include <ATen/ATen.h>\n#include "nlohmann/json.hpp"\n',
    "model/kernels/kernels.h": header("<cstdint>"),
    "model/kernels/deform_attn_avx512.cc": '#include <immintrin.h>\n#include "model/kernels/kernels.h"\n',
    "image/png_writer.cc": "#include <png.h>\n#include <vector>\n",
    "server/batcher.h": header('"model/grounder.h"', '"server/mutex.h"'),
    "server/mutex.h": header("<mutex>", '"absl/base/thread_annotations.h"'),
    "server/metrics.cc": "#include <prometheus/registry.h>\n",
    "server/wire.h": header('"lqvg/v1/grounding.pb.h"', "<grpcpp/grpcpp.h>"),
    "server/main.cc": '#include "server/wire.h"\n#include "model/lqvg.h"\n',
    "model/lqvg.h": header('"model/grounder.h"'),
    "client/cpp/client.cc": '#include "lqvg/v1/grounding.grpc.pb.h"\n',
}


def test_this_tree_keeps_the_law():
    found = check_includes.check(ROOT)[1]
    assert found == []


def test_a_lawful_tree_has_no_violations(tmp_path):
    assert violations(tmp_path, LAWFUL) == []


@pytest.mark.parametrize("path, include, expected", [
    ("server/batcher.cc", "<ATen/ATen.h>", "room 'serving' may not include ATen/ATen.h"),
    ("server/batcher.cc", "<c10/util/Exception.h>", "room 'serving' may not include c10"),
    ("server/batcher.cc", "<grpcpp/grpcpp.h>", "room 'serving' may not include grpcpp"),
    ("server/batcher.cc", '"lqvg/v1/grounding.pb.h"', "room 'serving' may not include lqvg/v1"),
    ("server/batcher.cc", "<prometheus/counter.h>", "room 'serving' may not include prometheus"),
    ("server/batcher.cc", '"model/weights.h"', "room 'serving' may not include model/weights.h"),
    ("server/batcher.cc", '"server/wire.h"', "room 'serving' reaches grpc through server/wire.h"),
    ("server/wire.cc", "<prometheus/counter.h>", "room 'transport' may not include prometheus"),
    ("server/wire.cc", '"model/lqvg.h"', "room 'transport' may not include model/lqvg.h"),
    ("server/main.cc", "<ATen/ATen.h>", "room 'entry point' may not include ATen"),
    ("model/layers.cc", "<grpcpp/grpcpp.h>", "room 'model' may not include grpcpp"),
    ("model/layers.cc", "<google/protobuf/message.h>", "room 'model' may not include google/protobuf"),
    ("model/layers.cc", '"server/batcher.h"', "room 'model' may not include server/batcher.h"),
    ("model/query.h", '"absl/strings/str_cat.h"', "room 'the door' may not include absl/strings"),
    ("model/query.h", '"image/image.h"', "room 'the door' may not include image/image.h"),
    ("model/tokenizer.cc", "<ATen/ATen.h>", "room 'query' may not include ATen"),
    ("model/tokenizer.cc", '"model/weights.h"', "room 'query' may not include model/weights.h"),
    ("model/kernels/deform_attn_avx512.cc", "<vector>", "room 'kernels of one instruction set' may not include vector"),
    ("model/kernels/deform_attn_generic.cc", "<ATen/ATen.h>", "room 'kernels' may not include ATen"),
    ("image/draw.cc", "<ATen/ATen.h>", "room 'image' may not include ATen"),
    ("image/draw.cc", "<grpcpp/grpcpp.h>", "room 'image' may not include grpcpp"),
    ("image/draw.cc", '"model/query.h"', "room 'image' may not include model/query.h"),
    ("client/cpp/client.cc", '"server/mutex.h"', "room 'client library' may not include server/mutex.h"),
    ("client/cli/ground.cc", '"model/query.h"', "room 'client programs' may not include model/query.h"),
    ("tests/server/batcher_test.cc", "<ATen/ATen.h>", "room 'tests of serving' may not include ATen"),
    ("model/layers.cc", "<torch/torch.h>", "doubles the time to compile"),
    ("model/layers.cc", '"model/nowhere.h"', '"model/nowhere.h" does not exist'),
    ("image/draw.cc", "<boost/any.hpp>", "is in no group"),
])
def test_an_unlawful_include_is_reported_where_it_stands(tmp_path, path, include, expected):
    pictures = {"image/image.h": header("<vector>")}
    found = violations(tmp_path, LAWFUL | pictures | {path: header(include)})
    assert [line for line in found if line.startswith(f"{path}:3: ") and expected in line], found


def test_a_source_file_outside_every_room_is_reported(tmp_path):
    found = violations(tmp_path, {"proto/stray.cc": "#include <vector>\n"})
    assert len(found) == 1 and found[0].startswith("proto/stray.cc:1: is in no room"), found


def test_an_include_is_followed_through_any_number_of_headers(tmp_path):
    chain = {"server/a.h": header('"server/b.h"'), "server/b.h": header('"server/wire.h"')}
    found = violations(tmp_path, LAWFUL | chain | {"server/batcher.cc": '#include "server/a.h"\n'})
    expected = "server/batcher.cc:1: room 'serving' reaches proto through server/a.h"
    assert any(line.startswith(expected) for line in found), found


@pytest.mark.parametrize("path, text, expected", [
    ("image/image_utils.cc", "", "the name 'image_utils' says 'utils'"),
    ("server/helper.h", header(), "the name 'helper' says 'helper'"),
    ("tools/common.py", "", "the name 'common' says 'common'"),
    ("image/draw.cc", "\n" * 501, "has 501 lines"),
    ("image/draw.h", "#pragma once\n", "a header opens with a comment"),
    ("image/draw.h", "// What it is.\n#include <vector>\n#pragma once\n", "#pragma once is a header's first line"),
    ("image/draw.h", "// What it is.\n", "#pragma once is a header's first line"),
])
def test_a_file_of_the_wrong_shape_is_reported(tmp_path, path, text, expected):
    found = violations(tmp_path, {path: text})
    assert len(found) == 1 and expected in found[0], found


def test_the_command_prints_violations_and_fails(tmp_path):
    plant(tmp_path, LAWFUL)
    command = [sys.executable, SCRIPT, "--root", tmp_path]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    plant(tmp_path, {"image/draw.cc": "#include <ATen/ATen.h>\n"})
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "image/draw.cc:1: room 'image' may not include ATen/ATen.h" in run.stdout


def compile_tree(root, source, torch_root):
    """A ninja tree of one object whose source gets a LibTorch header by a path that no include law could see."""
    plant(root, {source: "#include HEADER\n"})
    plant(torch_root, {"torch/include/ATen/ATen.h": "#pragma once\n"})
    build = root / "build"
    plant(build, {"build.ninja": (
        "rule cc\n"
        f"  command = g++ -MD -MF $out.d -isystem {torch_root}/torch/include '-DHEADER=<ATen/ATen.h>' -c $in -o $out\n"
        "  deps = gcc\n  depfile = $out.d\n"
        f"build unit.o: cc ../{source}\n")})
    subprocess.run(["ninja", "-C", build], check=True, capture_output=True)
    return build


@pytest.mark.skipif(shutil.which("ninja") is None, reason="ninja is not installed")
@pytest.mark.parametrize("source, is_lawful", [("server/batcher.cc", False), ("model/layers.cc", True)])
def test_an_object_compiled_from_libtorch_outside_the_model_is_reported(tmp_path, source, is_lawful):
    build = compile_tree(tmp_path / "tree", source, tmp_path / "libtorch")
    found = check_includes.check(tmp_path / "tree", build)[1]
    assert found == ([] if is_lawful else [(source, 1, "was compiled from LibTorch's ATen/ATen.h (unit.o)")])


@pytest.mark.skipif("LQVG_BUILD_DIR" not in os.environ, reason="only where a build tree is named (make test)")
def test_what_was_built_here_keeps_the_law():
    assert check_includes.check(ROOT, pathlib.Path(os.environ["LQVG_BUILD_DIR"]))[1] == []
