#!/usr/bin/env python3
"""Checks the dependency law: which room may include what, and what a source file looks like.

A line of code knows its room from its includes; ROOMS below is that law, CONTRIBUTING.md tells it in words. Run by
`make lint` and by tests/tools/check_includes_test.py:

    tools/check_includes.py [--root DIR] [--build BUILD_DIR]

With --build it also asks ninja which headers every object of that tree was really compiled from. Prints one line per
violation and exits 1 if there is any, 0 if there is none.
"""

import argparse
import dataclasses
import fnmatch
import pathlib
import re
import subprocess
import sys

# Where an include comes from: the first group whose expression matches its path, spelled as in the #include line.
GROUPS = {
    "grpc": r"grpc(pp)?/.*(?<!\.pb)\.h$|.*\.grpc\.pb\.h$",
    "proto": r".*\.pb\.h$|google/protobuf/",
    "torch": r"(ATen|c10|torch|caffe2)/",
    "cuda": r"cuda\w*\.h$|cub/|thrust/|crt/",
    "absl_status": r"absl/status/",
    "absl": r"absl/",
    "opencv": r"opencv2/",
    "codecs": r"(jpeglib|jerror|turbojpeg|png|zlib|tiff|tiffio)\.h$",
    "json": r"nlohmann/",
    "xml": r"pugixml\.hpp$",
    "openssl": r"openssl/",
    "prometheus": r"prometheus/",
    "spdlog": r"(spdlog|fmt)/",
    "gtest": r"(gtest|gmock)/",
    "benchmark": r"benchmark/",
    "simd": r"(imm|x86|arm_)\w*\.h$|cpuid\.h$",
    "posix": r"(sys|netinet|arpa|linux)/|(dirent|dlfcn|fcntl|getopt|malloc|netdb|poll|pthread|sched|signal|termios|unistd)\.h$",
    "std": r"[a-z_]+$|std\w+\.h$",
}

# These must not be reached through our own headers either.
CONTAGIOUS = ("torch", "grpc", "proto", "prometheus")


@dataclasses.dataclass(frozen=True)
class Room:
    """Files (patterns, first room that matches) and what they may include: groups, or patterns of our own headers."""

    name: str
    files: str
    may: str


DOOR = "model/query.h model/grounder.h"
QUERY = "model/prepare.h model/letterbox.h model/tokenizer.h"
TEST = "std posix absl gtest json spdlog image/* tests/support/*"

ROOMS = (
    # The model room, innermost first.
    # A file built for one instruction set must hold no template of std: the linker may keep its copy of an inline
    # function for the whole program, and an older processor would then meet an instruction that it does not have.
    Room("kernels of one instruction set", "model/kernels/*_avx*.cc model/kernels/*_amx*.cc",
         "cstdint simd model/kernels/*"),
    Room("kernels", "model/kernels/*", "std posix simd cuda model/kernels/*"),
    Room("the door", "model/query.h model/grounder.h model/lqvg.h", "std absl_status " + DOOR),
    Room("query", "model/letterbox.* model/tokenizer.* model/prepare.* model/bpe* model/pretokenizer.* model/unicode*",
         "std absl opencv json image/* model/query.h model/bpe* model/pretokenizer.h model/unicode* " + QUERY),
    Room("model files", "model/architecture.* model/json_text.* model/safetensors* model/model_digest.*",
         "std posix absl json openssl files/* model/architecture.h model/json_text.h model/safetensors.h "
         "model/safetensors_writer.h model/model_digest.h"),
    Room("model", "model/*", "std posix absl json torch files/* image/* model/*"),
    # Around training, for clients too: neither knows the model.
    Room("data sets", "train/datasets/*", "std absl xml train/datasets/*"),
    Room("curves", "train/curves/*", "std posix absl json train/curves/*"),
    # Made-up scenes: the command line and the load generator link them, so no torch.
    Room("scenes", "train/scenes/*", "std absl json image/* train/scenes/*"),
    Room("training", "train/*", "std posix absl json torch files/* image/* model/* train/*"),
    # Known to every room, knowing none: files written whole or not at all, and pictures.
    Room("files", "files/*", "std posix absl files/*"),
    Room("image", "image/*", "std absl opencv codecs image/*"),
    # Manual pages and completion: plain data, filled by the programs that it is about.
    Room("manual's program", "manual/main.cc", "std manual/* server/manual.h client/cli/manual.h client/eval/manual.h client/load/manual.h"),
    Room("manual", "manual/*", "std absl manual/program.h manual/man_page.h manual/completion.h"),
    # The serving room.
    Room("entry point", "server/main.cc",
         "std posix absl spdlog grpc proto prometheus server/* model/lqvg.h " + DOOR + " " + QUERY),
    Room("metrics", "server/metrics*", "std posix absl prometheus server/* model/grounder.h"),
    Room("transport", "server/server.* server/*_service.* server/wire* server/oip_* server/caller.* server/reception.* server/rpc.* server/unary_rpc.* server/*_stream.* server/tls_credentials.* "
         "server/transport_limits.* server/health_endpoint.* server/without_reflection.h",
         "std posix absl spdlog grpc proto image/* server/* " + DOOR + " " + QUERY),
    Room("serving", "server/*", "std posix absl spdlog openssl image/* manual/program.h server/* " + DOOR + " " + QUERY),
    # Clients see the contract, never the server.
    Room("client library", "client/cpp/*", "std absl grpc proto openssl client/cpp/*"),
    # The load generator asks about made-up scenes, whose answers it knows, and draws its curves as training does.
    Room("load generator", "client/load/*",
         "std posix absl json grpc proto files/* image/* manual/program.h train/scenes/* train/curves/* client/*"),
    # Evaluation reads what training reads: data sets and made-up scenes.
    Room("evaluation", "client/eval/*",
         "std posix absl json grpc proto files/* image/* manual/program.h train/scenes/* train/datasets/* train/curves/* client/*"),
    Room("client programs", "client/*", "std posix absl json grpc proto files/* image/* manual/program.h client/*"),
    # Tests follow the room that they test.
    Room("test support", "tests/support/*", TEST + " server/* " + DOOR + " " + QUERY),
    Room("tests of the model and its training on a GPU", "tests/model/cuda_*",
         TEST + " tests/model/* torch model/* train/*"),
    Room("tests of the model", "tests/model/*", TEST + " tests/model/* torch openssl model/*"),
    Room("tests of files", "tests/files/*", TEST + " files/*"),
    Room("tests of pictures", "tests/image/*", TEST + " tests/image/* codecs opencv"),
    Room("tests of the manual", "tests/manual/*", TEST + " tests/manual/* manual/*"),
    Room("tests of serving", "tests/server/*",
         TEST + " tests/server/* tests/image/* codecs openssl grpc proto prometheus server/* " + DOOR + " " +
         QUERY),
    Room("tests of data sets", "tests/train/datasets/*", TEST + " train/datasets/*"),
    Room("tests of curves", "tests/train/curves/*", TEST + " xml train/curves/*"),
    Room("tests of training", "tests/train/*", TEST + " tests/train/* torch model/* train/*"),
    Room("tests of the load generator", "tests/client/load/*",
         TEST + " grpc proto xml image/* train/scenes/* train/curves/* tests/client/* client/*"),
    Room("tests of evaluation", "tests/client/eval/*",
         TEST + " grpc proto xml image/* train/scenes/* train/datasets/* tests/client/* client/*"),
    Room("tests of clients", "tests/client/*", TEST + " tests/client/* grpc proto client/*"),
    Room("tests of scenes", "tests/scenes/*", TEST + " tests/scenes/* train/scenes/*"),
    Room("end-to-end tests", "tests/e2e/*", TEST + " tests/e2e/* grpc proto client/*"),
    Room("fuzzers", "tests/fuzz/*", TEST + " tests/fuzz/* codecs grpc proto server/* model/architecture.h model/safetensors.h "
         "model/unicode.h " + DOOR + " " + QUERY),
    Room("benchmarks of serving", "bench/server/*",
         "std posix absl benchmark grpc proto image/crc32c.h server/* model/prepare.h model/architecture.h bench/families.h "
         "bench/server/* " + DOOR + " " + QUERY),
    Room("benchmarks of pictures", "bench/image/*",
         "std posix absl benchmark codecs opencv image/* train/scenes/* model/architecture.h bench/families.h bench/image/* "
         + QUERY),
    Room("benchmarks' program", "bench/families.h bench/lqvg_bench.cc",
         "std absl benchmark model/architecture.h bench/families.h"),
    Room("benchmarks", "bench/*", "std posix absl json benchmark torch simd image/* model/* train/* bench/*"),
)

# Objects that may be compiled from LibTorch's headers.
TORCH_OBJECTS = ("model/*", "train/*", "tests/model/*", "tests/train/*", "bench/*")

FOLDERS = ("files", "image", "manual", "model", "server", "client", "train", "tests", "bench", "tools", "proto")
SOURCES = (".h", ".cc", ".cu")
MAX_LINES = 500
# A name says what a file holds; these say that nobody decided.
EMPTY_WORDS = frozenset("util utils helper helpers manager common misc base impl core".split())

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def is_in(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns.split())


def room_of(path):
    return next((room for room in ROOMS if is_in(path, room.files)), None)


def group_of(include):
    return next((name for name, pattern in GROUPS.items() if re.match(pattern, include)), None)


def may_include(room, include, is_ours):
    if is_ours:
        return is_in(include, room.may)
    group = group_of(include)
    allowed = room.may.split()
    return group in allowed or include in allowed or (group == "absl_status" and "absl" in allowed)


class Tree:
    """The files below a root: their lines, and their includes as (line number, path) pairs."""

    def __init__(self, root):
        self.lines = {}
        for folder in FOLDERS:
            for path in sorted((root / folder).rglob("*")):
                if path.is_file() and path.suffix in SOURCES + (".py", ".sh", ".cmake"):
                    self.lines[path.relative_to(root).as_posix()] = path.read_text(encoding="utf-8").splitlines()
        self.includes = {path: list(self._includes(lines)) for path, lines in self.lines.items()
                         if path.endswith(SOURCES)}

    @staticmethod
    def _includes(lines):
        for number, line in enumerate(lines, start=1):
            if match := INCLUDE.match(line):
                yield number, match.group(2)

    def is_ours(self, include):
        return include in self.includes or include.split("/")[0] in FOLDERS and group_of(include) is None

    def groups_behind(self, path, seen=None):
        """{contagious group: the include that brings it} over everything that `path` includes, directly or not."""
        seen = set() if seen is None else seen
        found = {}
        for _, include in self.includes.get(path, ()):
            if self.is_ours(include) and include not in seen:
                seen.add(include)
                found = self.groups_behind(include, seen) | found
            elif group_of(include) in CONTAGIOUS:
                found.setdefault(group_of(include), f"{include} in {path}")
        return found


def check_includes(tree, path):
    room = room_of(path)
    if room is None:
        yield path, 1, "is in no room of tools/check_includes.py: add it to a row, or a row for it"
        return
    for number, include in tree.includes[path]:
        is_ours = tree.is_ours(include)
        if include in ("torch/torch.h", "torch/extension.h"):
            yield path, number, f"<{include}> doubles the time to compile: include <ATen/ATen.h> or <ATen/ops/...>"
        elif is_ours and include not in tree.includes:
            yield path, number, f'"{include}" does not exist'
        elif not is_ours and group_of(include) is None:
            yield path, number, f"<{include}> is in no group of tools/check_includes.py"
        elif not may_include(room, include, is_ours):
            yield path, number, f"room '{room.name}' may not include {include}"
        elif is_ours:
            for group, origin in tree.groups_behind(include).items():
                if group not in room.may.split():
                    yield path, number, f"room '{room.name}' reaches {group} through {include} ({origin})"


def check_shape(path, lines):
    stem = pathlib.PurePosixPath(path).stem
    if words := EMPTY_WORDS.intersection(stem.split("_")):
        yield path, 1, f"the name '{stem}' says '{min(words)}', not what the file holds"
    if len(lines) > MAX_LINES:
        yield path, len(lines), f"has {len(lines)} lines; {MAX_LINES} are the limit"
    if path.endswith(".h"):
        if not lines or not lines[0].startswith("// "):
            yield path, 1, "a header opens with a comment: what the thing is, who owns it, which threads call it"
        code = (line for line in lines if line.strip() and not line.startswith("//"))
        if next(code, "") != "#pragma once":
            yield path, 1, "#pragma once is a header's first line after its comment"


def read_ninja_deps(build):
    """Yields (object, files that it was compiled from) as ninja recorded them."""
    listing = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], check=True, capture_output=True, text=True)
    name, files = None, []
    for line in listing.stdout.splitlines():
        if line.startswith(" "):
            files.append(line.strip())
        elif ": #deps" in line:
            if name:
                yield name, files
            name, files = line.split(": #deps")[0], []
    if name:
        yield name, files


def check_objects(root, build):
    """No object outside the model was compiled from LibTorch's headers, whatever path they came by."""
    for name, files in read_ninja_deps(build):
        torch_header = next((file for file in files if "/torch/include/" in file), None)
        ours = [pathlib.Path(build, file).resolve() for file in files]
        source = next((file.relative_to(root).as_posix() for file in ours
                       if file.suffix in (".cc", ".cu") and file.is_relative_to(root)), name)
        if torch_header and not is_in(source, " ".join(TORCH_OBJECTS)):
            yield source, 1, f"was compiled from LibTorch's {torch_header.split('/torch/include/')[1]} ({name})"


def check(root, build=None):
    """All violations of the tree at `root` (and of what was built of it in `build`) as (path, line, message)."""
    root = pathlib.Path(root).resolve()
    tree = Tree(root)
    violations = []
    for path, lines in tree.lines.items():
        violations += check_shape(path, lines)
        if path in tree.includes:
            violations += check_includes(tree, path)
    if build is not None:
        violations += check_objects(root, build)
    return tree, sorted(set(violations))


def main():
    parser = argparse.ArgumentParser(description="Checks who includes what; see the table ROOMS in this file.")
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent)
    parser.add_argument("--build", type=pathlib.Path, help="a ninja build tree, to check what was really compiled")
    options = parser.parse_args()
    tree, violations = check(options.root, options.build)
    for path, line, message in violations:
        print(f"{path}:{line}: {message}")
    print(f"include law: {len(tree.lines)} files, {len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
