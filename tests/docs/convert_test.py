"""Every command of docs/convert.md, in its order, on the checkpoint of a tiny model in both of torch's formats."""
import json
import os
import pathlib
import re
import subprocess

import pytest
from checkpoint_bench import ARGS, ROOT, maker, write_checkpoint
from server_process import BUILD, LoggedProcess
from torch_file_writer import Storages, write_legacy, write_zip

PATIENCE_SECONDS = 120


def commands():
    text = (ROOT / "docs/convert.md").read_text(encoding="utf-8").replace("\\\n", "")
    return re.findall(r"^\$ (.*?)(?: +#.*)?$", "".join(re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S)), re.M)


@pytest.fixture(name="here", params=["zip", "old"])
def fixture_here(request, tmp_path):
    """A folder that looks like the repository, with a checkpoint in it and a tokenizer of its size."""
    for name in (".deps", "tools", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "build").symlink_to(BUILD)
    tokenizer = tmp_path / "tests/reference/roberta-base"
    tokenizer.mkdir(parents=True)
    maker.write_vocabulary(tokenizer, maker.TINY)
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").symlink_to(ROOT / "docs/demo/scene.png")
    (tmp_path / "rsvg_hr_test.txt").write_text("a.png,10,20,110,80,find a ship\na.png,10,20,110,80,the red vehicle\n")
    old = request.param == "old"
    write_checkpoint(tmp_path / "checkpoint.pth", maker.build(maker.TINY, seed=3), ARGS,
                     storages=Storages(more=(None,)) if old else None, writer=write_legacy if old else write_zip)
    return tmp_path


def start(command, folder):
    """The server of `command` at ports that are free: (process, address)."""
    server = LoggedProcess([*command.split(), "--listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0", "--drain-delay=0s"],
                           folder / "server.log", cwd=folder).start()
    return server, *server.find(r"ready: .*?grpc (\S+?),")


def test_every_command_does_what_it_is_there_for(here):
    done, server, environment = [], None, dict(os.environ)
    try:
        for command in commands():
            program = pathlib.Path(command.split()[0]).name
            if program == "lqvg-server" and "--check" not in command:
                server, environment["LQVG_SERVER"] = start(command, here)
            else:
                ran = subprocess.run(command, shell=True, cwd=here, env=environment, capture_output=True, text=True,
                                     timeout=PATIENCE_SECONDS, check=False)
                assert ran.returncode == 0, (command, ran.stdout, ran.stderr)
            done.append(program)
    finally:
        if server:
            server.stop()
    assert done == ["python", "lqvg-server", "lqvg-server", "lqvg", "lqvg-eval", "python"]
    figures = json.loads((here / "out/evaluation/figures.json").read_text(encoding="utf-8"))
    assert (figures["answered"], figures["failed"]) == (2, {})
    assert (here / "out/evaluation/gallery/index.html").exists()
