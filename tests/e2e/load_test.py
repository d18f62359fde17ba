"""`lqvg-load` against the real server with the demo model: whatever calls run side by side, cancel or break off, the answers
are to the question asked, and right."""
import json
import subprocess

RIGHT_FLOOR = 0.75  # of the known answers, as tests/e2e/demo_model_test.py has it
LONGEST_RUN_S = 120


def run_load(binaries, server, report, *arguments):
    subprocess.run([binaries / "lqvg-load", "--server", server.address, "--quiet", "--json", report, "--scenes", "12",
                    "--warm-up", "0s", *arguments], check=True, timeout=LONGEST_RUN_S)
    return json.loads(report.read_text())["steps"][0]


def test_answers_are_right_under_load(binaries, demo_server, tmp_path):
    step = run_load(binaries, demo_server, tmp_path / "report.json", "-c", "8", "--calls", "60", "--expressions", "rsvg-hr",
                    "--size", "256:2,320x200:1", "--timeout", "60s")
    assert step["statuses"] == {"OK": 60}
    answers = step["answers"]
    assert answers["crossed"] == 0 and answers["known"] > 60
    assert answers["right"] > RIGHT_FLOOR * answers["known"]


def test_answers_are_right_beside_callers_that_leave(binaries, demo_server, tmp_path):
    step = run_load(binaries, demo_server, tmp_path / "report.json", "-c", "8", "--calls", "60", "--cancel", "0.2", "--kill",
                    "0.2", "--give-up-within", "200ms", "--timeout", "60s", "--seed", "7")
    assert step["given_up"] > 5
    assert step["sent"] == 60 and step["ok"] + step["given_up"] == 60
    answers = step["answers"]
    assert answers["crossed"] == 0 and answers["right"] > RIGHT_FLOOR * answers["known"]
