"""Manual pages and completion as readers and shells see them, for every setting that the server has."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LQVG_BUILD_DIR", ROOT / "build"))
SHARE = BUILD / "share"
PROGRAMS = ("lqvg", "lqvg-eval", "lqvg-load", "lqvg-server")


def run(*command, **extra):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, **extra).stdout


@pytest.fixture(scope="session")
def settings():
    """{flag: (what may be written, default, environment variable)} as --help tells them."""
    text = run(BUILD / "bin" / "lqvg-fake-server", "--help")
    found = re.findall(r"^  --([a-z-]+)(?:=(\S+))?\n(?:      .*\n)*?      \[(.*); (LQVG_\w+)\]$", text, re.MULTILINE)
    assert len(found) == len(run(BUILD / "bin" / "lqvg-fake-server", "--print-config").splitlines())
    return {name: (allowed, default, variable) for name, allowed, default, variable in found}


def page(program):
    path = SHARE / "man" / "man1" / f"{program}.1"
    # -c -u -b -o: no escape sequences and no overstriking, which are for terminals.
    return run("groff", "-man", "-Tascii", "-rLL=200n", "-P-cubo", path)


@pytest.mark.parametrize("program", PROGRAMS)
def test_groff_has_no_warning(program):
    path = SHARE / "man" / "man1" / f"{program}.1"
    result = subprocess.run(["groff", "-man", "-ww", "-z", "-Tascii", path], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_page_tells_every_setting(settings):
    text = page("lqvg-server")
    for name, (allowed, default, variable) in settings.items():
        heading = f"--{name}={allowed}" if allowed else f"--{name}, --no-{name}"
        entry = text.split(f"       {heading}\n")[1].split("\n\n")[0]
        assert f"Default: {default}\n" in entry, name
        assert f"Environment: {variable}" in entry, name


def test_the_pages_have_the_sections_that_readers_look_for():
    for program, own in (("lqvg", ["COMMANDS", "ENVIRONMENT"]), ("lqvg-server", ["SIGNALS", "FILES"])):
        headings = re.findall(r"^([A-Z ]+)$", page(program), re.MULTILINE)
        for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO", *own]:
            assert heading in headings, program


def test_help_and_page_know_the_same_exit_codes():
    def codes(pattern, text):
        return re.findall(pattern, text.split("\nEXIT STATUS\n")[1].split("\nFILES\n")[0], re.MULTILINE)

    help_text = run(BUILD / "bin" / "lqvg-fake-server", "--help")
    told = re.search(r"^Exit codes: (.*?)\.$", help_text, re.MULTILINE | re.DOTALL)
    assert codes(r"^ {7}(\d+) ", page("lqvg-server")) == re.findall(r"(?:^|,\s)(\d+) ", told.group(1))


def completed_by_bash(*words, folder=ROOT):
    """What bash offers for the last word; it has split --name=value at the equals sign."""
    script = (f"source '{SHARE}/bash-completion/completions/{words[0]}'; compopt() {{ :; }}; COMP_WORDS=(\"$@\"); "
              f"COMP_CWORD=$(($# - 1)); _{words[0].replace('-', '_')}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    return run("bash", "-uc", script, "bash", *words, cwd=folder).split()


def test_bash_completes_names(settings):
    offered = completed_by_bash("lqvg-server", "--")
    for name, (allowed, _, _) in settings.items():
        assert {f"--{name}="} <= set(offered) if allowed else {f"--{name}", f"--no-{name}"} <= set(offered), name
    assert {"--check", "--print-config", "--version", "--help"} <= set(offered)
    assert completed_by_bash("lqvg-server", "--drain-t") == ["--drain-timeout="]


@pytest.mark.parametrize("words", [("--device", "="), ("--device", "=", "c"), ("--device", ""), ("--device", "c")])
def test_bash_completes_choices(words):
    assert completed_by_bash("lqvg-server", *words) == ["cpu", "cuda"]


def test_bash_completes_folders_and_files(tmp_path):
    (tmp_path / "weights").mkdir()
    (tmp_path / "words.txt").touch()
    assert completed_by_bash("lqvg-server", "--model", "=", "w", folder=tmp_path) == ["weights"]
    assert completed_by_bash("lqvg", "ground", "-i", "w", folder=tmp_path) == ["weights", "words.txt"]
    assert completed_by_bash("lqvg", "ground", "wo", folder=tmp_path) == ["words.txt"]


def test_bash_offers_nothing_where_it_knows_nothing():
    assert completed_by_bash("lqvg-server", "--listen", "=", "1") == []
    assert completed_by_bash("lqvg", "model", "--timeout", "") == []


def test_bash_completes_commands_and_their_options():
    assert completed_by_bash("lqvg", "") == ["ground", "model", "health", "--help", "--version"]
    assert completed_by_bash("lqvg", "health", "--") == [
        "--service=", "--watch", "--server=", "--timeout=", "--tls", "--cacert=", "--cert=", "--key=", "--server-name=",
        "--token-file=", "--help"]
    assert completed_by_bash("lqvg", "health", "--cacert", "VERS") == ["VERSION"]


def completed_by_fish(line, folder=ROOT):
    sources = "; ".join(f"source '{SHARE}/fish/vendor_completions.d/{program}.fish'" for program in PROGRAMS)
    out = run("fish", "--no-config", "-c", f"{sources}; complete -C '{line}'", cwd=folder)
    return [offer.split("\t")[0] for offer in out.splitlines()]


def test_fish_completes(settings, tmp_path):
    assert {f"--{name}" for name in settings} <= set(completed_by_fish("lqvg-server --"))
    assert completed_by_fish("lqvg-server --device=") == ["--device=cpu", "--device=cuda"]
    assert completed_by_fish("lqvg ") == ["ground", "health", "model"]
    (tmp_path / "weights").mkdir()
    (tmp_path / "words.txt").touch()
    assert completed_by_fish("lqvg-server --model=w", tmp_path) == ["--model=weights/"]
    assert completed_by_fish("lqvg ground wo", tmp_path) == ["words.txt"]


def given_to_arguments_of_zsh(*words):
    """What zsh's own _arguments gets to work with."""
    path = f"{SHARE}/zsh/site-functions/_{words[0]}"
    return run("zsh", "-fc", f"_arguments() {{ print -rl -- \"$@\" }}; _describe() {{ print -rl -- ${{(P)2}} }}; "
               f"words=(\"$@\"); CURRENT=$#; f() {{ source '{path}' }}; f", "zsh", *words).splitlines()


def test_zsh_completes(settings):
    specs = given_to_arguments_of_zsh("lqvg-server", "--")
    for name, (allowed, _, _) in settings.items():
        assert any(re.match(rf"(\(.*\))?--{name}{'=' if allowed else ''}\[", spec) for spec in specs), name
    assert any(spec.startswith("--device=[") and spec.endswith(":(cpu cuda)") for spec in specs)
    assert any(spec.startswith("--model=[") and spec.endswith(":_files -/") for spec in specs)
    assert any(spec.startswith("ground:") for spec in given_to_arguments_of_zsh("lqvg", ""))
    assert "*:picture or expression:_files" in given_to_arguments_of_zsh("lqvg", "ground", "")
