"""Every command of docs/evaluate.md on made-up data sets, and the names of figures.json that its table tells."""
import json
import pathlib
import re
import subprocess

import pytest
from server_process import BUILD, PICTURE, ROOT, Server

LONGEST_RUN_S = 120
GUIDE = (ROOT / "docs/evaluate.md").read_text(encoding="utf-8")
XML = ("<annotation><filename>a.png</filename><object><name>ship</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax>"
       "<ymax>40</ymax></bndbox><description>the ship</description></object></annotation>")


def commands():
    return re.findall(r"^\$ (.*?)(?: +#.*)?$", "".join(re.findall(r"^```console\n(.*?)^```$", GUIDE, re.M | re.S)), re.M)


@pytest.fixture(name="here", scope="module")
def fixture_here(tmp_path_factory):
    """A folder with the data sets that the guide speaks of."""
    here = tmp_path_factory.mktemp("here")
    (here / "build").symlink_to(BUILD)
    for folder in ("images", "JPEGImages", "Annotations"):
        (here / folder).mkdir()
    for folder in ("images", "JPEGImages"):
        (here / folder / "a.png").write_bytes(PICTURE)
    (here / "rsvg_hr_test.txt").write_text("a.png,10,20,110,80,find a ship\n")
    (here / "Annotations" / "00001.xml").write_text(XML)
    (here / "test.txt").write_text("0\n")
    example = re.search(r'`(\{"image".*?\})`', GUIDE)[1]
    (here / "mine.jsonl").write_text(f'{example}\n{{"image": "a.png", "expression": "the moon", "box": null}}\n')
    return here


@pytest.fixture(name="address", scope="module")
def fixture_address(tmp_path_factory):
    server = Server(None, tmp_path_factory.mktemp("server"), [], {}).start()
    yield server.await_ready().address
    server.kill()


@pytest.fixture(name="printed", scope="module")
def fixture_printed(here, address):
    """What each command prints, by the folder of its --out; the second of --scenes prints the same as the first."""
    printed = {}
    for command in commands():
        ran = subprocess.run(command, shell=True, cwd=here, env={"PATH": "/usr/bin:/bin", "LQVG_SERVER": address},
                             capture_output=True, text=True, timeout=LONGEST_RUN_S, check=False)
        assert ran.returncode == 0, (command, ran.stdout, ran.stderr)
        out = re.search(r"--out (\S+)", command)[1]
        assert printed.setdefault(out, ran.stdout) == ran.stdout
    return printed


def test_every_command_reports(here, printed):
    assert sorted(pathlib.Path(out).name for out in printed) == ["dior-rsvg", "mine", "rsvg-hr", "scenes"]
    for out in printed:
        assert json.loads((here / out / "figures.json").read_text())["answered"] > 0, out


def test_the_table_names_what_the_figures_hold(here, printed):
    rows = re.findall(r"^\| (`[a-z_`, ]+) \|", GUIDE, re.M)
    told = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert told == list(json.loads((here / "evaluation/scenes/figures.json").read_text()))
    assert set(told) - set(json.loads((here / "evaluation/rsvg-hr/figures.json").read_text())) == {"auroc"}
