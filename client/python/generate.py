#!/usr/bin/env python3
"""Writes the committed files of this package that come from elsewhere in the repository.

The contract's messages and stubs (src/lqvg/v1), the retry policy that all clients share, and the licence. Run it with
the grpcio-tools of tools/requirements.txt after a change to any of them; a test compares what is committed.

usage: client/python/generate.py [FOLDER]   (default: this package)
"""
import pathlib
import shutil
import subprocess
import sys

PACKAGE = pathlib.Path(__file__).resolve().parent
ROOT = PACKAGE.parents[1]
CONTRACT = "lqvg/v1/grounding.proto"


def generate(folder: pathlib.Path) -> None:
    source = folder / "src"
    source.joinpath("lqvg").mkdir(parents=True, exist_ok=True)
    arguments = [f"-I{ROOT / 'proto'}", f"--python_out={source}", f"--pyi_out={source}", f"--grpc_python_out={source}"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *arguments, CONTRACT], check=True)
    shutil.copyfile(ROOT / "client" / "service_config.json", source / "lqvg" / "service_config.json")
    shutil.copyfile(ROOT / "LICENSE", folder / "LICENSE")


if __name__ == "__main__":
    generate(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
