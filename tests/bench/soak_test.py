"""Two minutes of `make soak`: bench/soak.py itself says what must hold."""
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MINUTES = 2


def test_two_minutes(tmp_path):
    done = subprocess.run([sys.executable, ROOT / "bench/soak.py", "--minutes", str(MINUTES), "--out", tmp_path], text=True,
                          capture_output=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    for result in json.loads((tmp_path / "soak.json").read_text()):
        counts = result["counts"]
        # What cannot fail for want of load would say nothing.
        assert counts["ok"] > 50 and counts["given_up"] > 5 and counts["killed_clients"] > 5 and counts["stops"] > 0, result
        assert any(status.startswith("INVALID_ARGUMENT") for status in result["statuses"]), result
        assert counts["received"] == counts["answered"] > 100
