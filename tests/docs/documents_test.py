"""What the documents say is there: flags, reasons, exit codes, metrics, tests, alerts, files and headings."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LQVG_BUILD_DIR", ROOT / "build"))
GUIDES = ("README.md", "SECURITY.md", "docs/operations.md")

# Words in capitals that are no ErrorReason: statuses of gRPC and of its health service, and variables of others.
OTHER_CAPITALS = {
    "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "DATA_LOSS",
    "NOT_SERVING", "ENHANCE_YOUR_CALM", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "NO_COLOR",
}

# Variables of ours that are no settings of the server: of the client, and of a test.
OTHER_VARIABLES = {"LQVG_SERVER", "LQVG_PARITY_REPORT"}


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def without_code_blocks(text):
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def help_of(program, *arguments):
    return subprocess.run([BUILD / "bin" / program, *arguments, "--help"], check=True, capture_output=True, text=True,
                          timeout=60).stdout


@pytest.fixture(scope="session")
def flags():
    server = help_of("lqvg-fake-server")
    found = set(re.findall(r"^  --([a-z-]+)", server, re.MULTILINE))
    for verb in ("ground", "model", "health"):
        found |= set(re.findall(r"^  (?:-\w, |    )--([a-z-]+)", help_of("lqvg", verb), re.MULTILINE))
    assert len(found) > 40
    return found


@pytest.mark.parametrize("guide", GUIDES)
def test_every_flag_exists(guide, flags):
    text = read(guide)
    # Flags stand alone in code, or on a line that starts one of our programs; others are other programs' flags.
    named = re.findall(r"`--([a-z][a-z-]+)[=` ]", text)
    for line in text.splitlines():
        if re.search(r"(?<!-p )\blqvg(-server)? ", line) and "docker" not in line:
            named += re.findall(r"--([a-z][a-z-]+)", line)
    assert named
    assert sorted(set(named) - flags) == []


@pytest.mark.parametrize("guide", GUIDES)
def test_every_variable_is_a_setting(guide, flags):
    for variable in set(re.findall(r"LQVG_[A-Z_]+", read(guide))) - OTHER_VARIABLES:
        assert variable[5:].lower().replace("_", "-") in flags, variable


def reasons():
    return set(re.findall(r"\bERROR_REASON_(\w+) = [1-9]", read("proto/lqvg/v1/grounding.proto")))


@pytest.mark.parametrize("guide", GUIDES)
def test_every_reason_exists(guide):
    text = re.sub(r"LQVG_[A-Z_]+", "", read(guide))
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", text))
    assert sorted(named - reasons() - OTHER_CAPITALS) == []


def test_operators_find_every_reason():
    table = read("docs/operations.md").split("\n## Reasons\n")[1].split("\n## ")[0]
    assert sorted(reasons() - set(re.findall(r"\b[A-Z_]+\b", table))) == []


def test_operators_find_every_exit_code():
    told = re.search(r"^Exit codes: (.*?)\.$", help_of("lqvg-fake-server"), re.MULTILINE | re.DOTALL).group(1)
    codes = set(re.findall(r"(?:^|,\s)(\d+) ", told))
    text = read("docs/operations.md")
    table = re.search(r"^\| Exit code .*?\n\n", text, re.MULTILINE | re.DOTALL).group()
    killed = {"137"}
    assert set(re.findall(r"^\| (\d+) ", table, re.MULTILINE)) == codes | killed
    for guide in ("SECURITY.md", "docs/operations.md"):
        assert set(re.findall(r"exit code (\d+)", read(guide))) <= codes, guide


def test_every_metric_exists():
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "server").glob("metrics*.cc")))
    named = re.findall(r"\b(?:lqvg|process)_[a-z_]+", read("docs/operations.md"))
    assert len(named) > 10
    for name in named:
        assert f'"{re.sub("_(sum|count|bucket)$", "", name)}"' in sources, name


def test_every_test_that_security_names_exists():
    sources = [path for suffix in ("cc", "py") for path in sorted((ROOT / "tests").rglob(f"*_test.{suffix}"))]
    tests = "".join(path.read_text(encoding="utf-8") for path in sources)
    named = re.findall(r"`(\w+Test)(?:\.(\w+))?`", read("SECURITY.md"))
    assert len(named) > 15
    for suite, test in named:
        assert re.search(rf"\b{suite},\s+{test or ''}", tests), (suite, test)
    for test in re.findall(r"`(test_\w+)`", read("SECURITY.md")):
        assert f"def {test}(" in tests, test


def test_every_alert_has_its_section():
    alerts = re.findall(r"^ *- alert: (\w+)$", read("deploy/monitoring/alerts.yaml"), re.MULTILINE)
    sections = re.findall(r"^### (Lqvg\w+)$", read("docs/operations.md"), re.MULTILINE)
    assert len(alerts) > 5
    assert sorted(sections) == sorted(alerts)


def documents():
    """Every page of ours: not what was built or installed."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    return [pathlib.Path(path) for path in listed if (ROOT / path).exists()]


def anchors_of(path):
    """The headings' anchors, as GitHub makes them: lower case, without punctuation, spaces as hyphens."""
    anchors = []
    for heading in re.findall(r"^#+ (.*)$", without_code_blocks(path.read_text(encoding="utf-8")), re.MULTILINE):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        anchors.append(f"{anchor}-{anchors.count(anchor)}" if anchor in anchors else anchor)
    return anchors


def broken_links(document):
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code_blocks(read(document))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent / path if path else ROOT / document
        if not target.exists():
            yield f"{document}: {link}: no such file"
        elif anchor and anchor not in anchors_of(target):
            yield f"{document}: {link}: no such heading"


def test_every_relative_link_leads_somewhere():
    assert len(documents()) > 10
    assert [fault for document in documents() for fault in broken_links(document)] == []
