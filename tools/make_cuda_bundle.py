#!/usr/bin/env python3
"""Lay into out/cuda-bundle what a machine with a GPU, Python's torch and little else needs to run the trainer and the
model's tests. `make cuda-bundle` calls it on the tree that the CMake preset `portable` built.

    make_cuda_bundle.py [--build build-portable] [--libtorch .deps/libtorch] [--out out/cuda-bundle]

Programs are stripped; beside them go the libraries that they need and that are neither the system's nor torch's
nor NVIDIA's. Prints the versions of glibc and libstdc++ that all of it asks for, and fails above 20 MB.
Needs: binutils.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LIMIT_BYTES = 20_000_000  # what travels to such a machine together with other things

PROGRAMS = ("lqvg-train", "lqvg-model-tests")
TREES = ("models/demo", "train/recipes", "tests/reference/roberta-base")  # those that exist
FILES = ("LICENSE", "NOTICE", "tools/make_model.py")
LARGEST_PICTURE_BYTES = 1_000_000  # reference cases about larger ones stay at home

# Every machine has these, in its own version, and torch's libraries share them: the loader must take the machine's.
# What is asked for is older than what Debian 12 and Ubuntu 22.04 have (glibc 2.35, GLIBCXX_3.4.30).
SYSTEM = frozenset("libc.so.6 libm.so.6 libpthread.so.0 libdl.so.2 librt.so.1 libutil.so.1 ld-linux-x86-64.so.2 "
                   "libstdc++.so.6 libgcc_s.so.1".split())

SELF_TEST_RECIPE = {"model_dir": "models/demo", "scenes": {}, "steps": 4, "pictures_per_step": 2,
                    "checkpoint_every": 4, "evaluate_every": 0, "evaluate_pictures": 4}


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed(binary):
    return re.findall(r"NEEDED\s+(\S+)", output_of("objdump", "-p", str(binary)))


def required_versions(dump):
    """{"GLIBC": (2, 34), ...}: the newest version of each set of symbols in what `objdump -p` printed."""
    newest = {}
    for name, version in re.findall(r"^\s+0x\w+ 0x\w+ \d+ ([A-Z]+)_([\d.]+)$", dump, re.MULTILINE):
        newest[name] = max(newest.get(name, ()), tuple(map(int, version.split("."))))
    return newest


def installed_libraries():
    """Name to path, as the loader of this machine sees them."""
    lines = re.findall(r"^\s*(\S+) \(libc6,x86-64\S*\) => (\S+)$", output_of("/sbin/ldconfig", "-p"), re.MULTILINE)
    return {name: pathlib.Path(path) for name, path in reversed(lines)}


def carried_libraries(binaries, at_destination, installed):
    """What `binaries` need, and what that needs, without what the other machine has: name to path."""
    carried, queue = {}, list(binaries)
    while queue:
        for name in needed(queue.pop()):
            if name in SYSTEM or name in at_destination or name in carried:
                continue
            if name not in installed:
                sys.exit(f"make_cuda_bundle: {name} is not installed here")
            carried[name] = installed[name]
            queue.append(installed[name])
    return carried


def copy_stripped(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["strip", "--strip-unneeded", "-o", target, source], check=True)
    target.chmod(0o755)


def copy_cases(source, target):
    """The reference cases about pictures that are not too large, and their list."""
    target.mkdir(parents=True)
    cases = [case for case in json.loads((source / "cases.json").read_text(encoding="utf-8"))
             if (source / case["image"]).stat().st_size <= LARGEST_PICTURE_BYTES]
    (target / "cases.json").write_text(json.dumps(cases, indent=1) + "\n", encoding="utf-8")
    for name in {case["image"] for case in cases} | {f"{case['case']}.safetensors" for case in cases}:
        shutil.copyfile(source / name, target / name)


def check_size(folder, limit=LIMIT_BYTES):
    """The bytes of all files of `folder`; ends the program when there are more than `limit`, naming the largest."""
    sizes = sorted(((path.stat().st_size, path) for path in folder.rglob("*") if path.is_file()), reverse=True)
    total = sum(size for size, _ in sizes)
    if total > limit:
        largest = ", ".join(f"{path.relative_to(folder)} {size:,}" for size, path in sizes[:5])
        sys.exit(f"make_cuda_bundle: {folder} holds {total:,} bytes, at most {limit:,} may travel; largest: {largest}")
    return total


def lay_out(build, libtorch, out):
    programs = [build / "bin" / name for name in PROGRAMS]
    at_destination = {path.name for folder in (libtorch / "torch/lib", *libtorch.glob("nvidia/*/lib"))
                      for path in folder.iterdir()}
    libraries = carried_libraries(programs, at_destination, installed_libraries())
    for program in programs:
        copy_stripped(program, out / "bin" / program.name)
    for name, path in libraries.items():
        copy_stripped(path, out / "lib" / name)
    for tree in TREES:
        if (ROOT / tree).is_dir():
            shutil.copytree(ROOT / tree, out / tree)
    for file in FILES:
        (out / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, out / file)
    copy_cases(ROOT / "tests/reference/cases", out / "tests/reference/cases")
    shutil.copy(ROOT / "tools/cuda_bundle_run.sh", out / "run.sh")
    (out / "recipes").mkdir()
    for precision in ("fp32", "bf16"):
        recipe = json.dumps({**SELF_TEST_RECIPE, "precision": precision}, indent=2)
        (out / "recipes" / f"self_test_{precision}.json").write_text(recipe + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build-portable")
    parser.add_argument("--libtorch", type=pathlib.Path, default=ROOT / ".deps/libtorch")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "out/cuda-bundle")
    args = parser.parse_args()
    shutil.rmtree(args.out, ignore_errors=True)
    lay_out(args.build, args.libtorch, args.out)

    newest = {}
    for binary in [*(args.out / "bin").iterdir(), *(args.out / "lib").iterdir()]:
        for name, version in required_versions(output_of("objdump", "-p", str(binary))).items():
            newest[name] = max(newest.get(name, ()), version)
    versions = ", ".join(f"{name}_{'.'.join(map(str, version))}" for name, version in sorted(newest.items()))
    carried = sorted(path.name for path in (args.out / "lib").iterdir())
    (args.out / "NEEDS").write_text(f"Newest symbol versions asked for: {versions}\n", encoding="utf-8")
    total = check_size(args.out)
    print(f"{args.out}: {total:,} bytes; carried: {' '.join(carried)}")
    print(f"the machine must have {versions}")


if __name__ == "__main__":
    main()
