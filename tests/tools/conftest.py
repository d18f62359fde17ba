"""What the tests of the conversion share."""
import pytest
from checkpoint_bench import Bench, maker


@pytest.fixture(scope="session", name="weights")
def fixture_weights():
    """A tiny model's tensors, as the official code's state_dict() has them: box heads twice, the very same arrays."""
    return maker.build(maker.TINY, seed=3)


@pytest.fixture(scope="session", name="vocabulary")
def fixture_vocabulary(tmp_path_factory):
    directory = tmp_path_factory.mktemp("vocabulary")
    maker.write_vocabulary(directory, maker.TINY)
    return directory


@pytest.fixture(name="bench")
def fixture_bench(tmp_path, vocabulary, capsys, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-cache"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).symlink_to(vocabulary / name)
    return Bench(tmp_path, capsys)
