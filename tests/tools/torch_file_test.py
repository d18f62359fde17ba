"""Files that are not what torch.save writes: refused in a sentence, and nothing of them is run."""
import contextlib
import importlib.util
import pathlib
import pickle
import random
import struct
import tracemalloc
import zipfile

import pytest
from torch_file_writer import (Call, Fill, Global, Raw, Storages, dump, namespace, of_storage, ordered, write_legacy,
                               write_zip)

ROOT = pathlib.Path(__file__).resolve().parents[2]

spec = importlib.util.spec_from_file_location("torch_file", ROOT / "tools/torch_file.py")
reader = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reader)


def read(path):
    with path.open("rb") as file:
        opened = reader.open_file(file)
        return {name: reader.array_of(opened, tensor).tolist() for name, tensor in opened.root["model"].items()}


def refusal(path):
    with pytest.raises(reader.Refusal) as refused:
        read(path)
    return str(refused.value)


@pytest.fixture(name="path")
def fixture_path(tmp_path):
    return tmp_path / "checkpoint.pth"


def small(more=()):
    """(root, storages) of a checkpoint of two tensors."""
    storages = Storages(more)
    first = storages.store(struct.pack("<6f", *range(6)), 6, "FloatStorage")
    second = storages.store(struct.pack("<2e", 1, 2), 2, "HalfStorage")
    model = [("a", of_storage(first, (2, 3))), ("b", of_storage(second, (2,)))]
    return {"model": ordered(model), "args": namespace({"num_queries": 10}), "epoch": 69}, storages


def test_a_good_file(path):
    assert read(write_zip(path, *small())) == {"a": [[0, 1, 2], [3, 4, 5]], "b": [1, 2]}


def of_numpy():
    kind = Fill(Call(Global("numpy", "dtype"), ("f8", False, True)), (3, "<", None, None, None, -1, -1, 0))
    return Call(Global("numpy.core.multiarray", "scalar"), (kind, Call(Global("_codecs", "encode"), ("x", "latin1"))))


def test_numbers_of_numpy_are_no_obstacle(path):
    root, storages = small()
    assert read(write_zip(path, {**root, "best": of_numpy()}, storages)).keys() == {"a", "b"}


@pytest.mark.parametrize("called", [
    Global("os", "system"), Global("posix", "system"), Global("subprocess", "Popen"), Global("builtins", "eval"),
    Global("__builtin__", "getattr"), Global("torch", "load"), Global("torch.nn.modules.linear", "Linear"),
    Global("collections", "OrderedDict.fromkeys"), Global("torch", "os.system"), Global("pickle", "loads")])
def test_what_is_asked_for_beyond_data_is_named_and_not_run(path, tmp_path, called):
    root, storages = small()
    marker = tmp_path / "was-run"
    bad = Call(called, (f"touch {marker}",))
    told = refusal(write_zip(path, {"before": bad, **root}, storages))
    assert f"{called.module}.{called.name}" in told and "nothing of it was run" in told
    assert not marker.exists()


@pytest.mark.parametrize("code", [
    b"(Vtouch x\nios\nsystem\n",  # INST
    b"(cos\nsystem\nVtouch x\no",  # OBJ
    b"Vos\nVsystem\n\x93Vtouch x\n\x85R",  # STACK_GLOBAL
    b"\x82\x01", b"\x83\x01\x00", b"\x84\x01\x00\x00\x00",  # EXT1, EXT2, EXT4
    b"ccollections\nOrderedDict\n)}\x92",  # NEWOBJ_EX
    b"ccollections\nOrderedDict\n}Vfromkeys\nNsb",  # attributes of a class
    b"ctorch._utils\n_rebuild_tensor_v2\n}V__defaults__\n)sb",  # attributes of a function
    b"ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x00))tR",  # a tensor without a storage
    b"(Vstorage\nctorch\nFloatStorage\nV../0\nVcpu\nK\x06tQ", b"Vstorage\nQ", b"NQ",
    b"P0\n", b"\x8f(K\x01\x90", b"(K\x01\x91",  # a name in place of a storage; sets
    b"ccollections\nOrderedDict\n(](](K\x01K\x02eetR",  # entries in other ways
])
def test_other_ways_to_name_and_to_call(path, code):
    root, storages = small()
    assert refusal(write_zip(path, {"before": Raw(code), **root}, storages)).startswith(("it ", "its description"))


@pytest.mark.parametrize("code,words", [
    (b"Vabc\n)R", "calls what is not callable"), (b"K\x01)\x81", "calls what is not callable"),
    (b"Vabc\n}b", "sets attributes of what has none"), (b"](K\x01K\x02u", "entries into what is no dictionary"),
    (b"]K\x01K\x02s", "entries into what is no dictionary")])
def test_only_what_is_allowed_is_called_and_filled(path, code, words):
    root, storages = small()
    assert words in refusal(write_zip(path, {"before": Raw(code), **root}, storages))


@pytest.mark.parametrize("code", [
    b"Nr\xff\xff\xff\x7f",  # a memo of two thousand million places
    b"\x8d" + b"\xff" * 7 + b"\x7f", b"\x8b\xff\xff\xff\x7f", b"\x95" + b"\xff" * 7 + b"\x7f",  # texts, numbers, frames
    b"\x96" + b"\xff\xff\xff\x3f" + bytes(4),  # a thousand million zeros
    b"(" * 100_000, b"h\x07"])
def test_a_pickle_that_asks_for_memory(path, code):
    root, storages = small()
    path = write_zip(path, {"before": Raw(code), **root}, storages)
    tracemalloc.start()
    try:
        with contextlib.suppress(reader.Refusal):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("code", [
    b"}" + b")" + b"\x85" * 500_000 + b"Ns", b"}(" + b")" + b"\x85" * 500_000 + b"Nu",
    b"(Vstorage\n)" + b"\x85" * 500_000 + b"V0\nVcpu\nK\x06tQ"])
def test_a_tuple_too_deep_to_be_hashed(path, code):
    root, storages = small()
    refusal(write_zip(path, {"before": Raw(code), **root}, storages))


@pytest.mark.parametrize("change,words", [
    ({"data/0": b"short"}, "data/0 in it has 5 bytes, its tensors want 24"),
    ({"data/0": bytes(28)}, "data/0 in it has 28 bytes, more than 24"),
    ({"data/1": None}, "it lacks data/1"), ({"data.pkl": None}, "one data.pkl"),
    ({"byteorder": b"big"}, "big-endian"), ({"constants.pkl": dump(())}, "TorchScript"),
    ({"compression": zipfile.ZIP_DEFLATED}, "is compressed"), ({"data.pkl": b""}, "damaged (EOFError)"),
    ({"data.pkl": bytes(reader.MAX_PICKLE_BYTES + 1)}, f"more than {reader.MAX_PICKLE_BYTES}"),
])
def test_an_archive_that_is_not_as_torch_leaves_it(path, change, words):
    assert words in refusal(write_zip(path, *small(), **change))


@pytest.mark.parametrize("shape,stride,offset", [
    ((7,), (1,), 0), ((6,), (1,), 1), ((2, 3), (4, 1), 0), ((2**40,), (0,), 0), ((2**62, 2**62), (1, 1), 0),
    ((6,), (2**62,), 0)])
def test_a_tensor_beyond_its_storage(path, shape, stride, offset):
    _, storages = small()
    stored = storages.store(bytes(24), 6, "FloatStorage")
    root = {"model": ordered([("a", of_storage(stored, shape, stride, offset))])}
    assert "that its storage of 6 does not have" in refusal(write_zip(path, root, storages))


@pytest.mark.parametrize("shape,stride,offset", [
    ((-6,), (1,), 0), ((6,), (-1,), 5), ((6,), (1,), -1), ((6,), (1, 1), 0), ((6.0,), (1,), 0), ((10**5000,), (1,), 0)])
def test_a_tensor_that_makes_no_sense(path, shape, stride, offset):
    _, storages = small()
    stored = storages.store(bytes(24), 6, "FloatStorage")
    root = {"model": ordered([("a", of_storage(stored, shape, stride, offset))])}
    assert "in a way that torch.save does not" in refusal(write_zip(path, root, storages))


def test_a_storage_larger_than_the_file(path):
    storages = Storages()
    stored = storages.store(bytes(24), 2**60, "FloatStorage")
    told = refusal(write_zip(path, {"model": ordered([("a", of_storage(stored, (2**60,)))])}, storages))
    assert f"has 24 bytes, its tensors want {2**62}" in told


def test_a_storage_that_is_described_twice(path):
    storages = Storages()
    stored = storages.store(bytes(24), 6, "FloatStorage")
    tensors = [("a", of_storage(stored, (6,))), ("b", of_storage(stored._replace(count=5), (5,)))]
    assert "storage 0 twice" in refusal(write_zip(path, {"model": ordered(tensors)}, storages))


@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.9, 0.99])
def test_a_file_that_is_cut_short(path, part):
    data = write_zip(path, *small()).read_bytes()
    path.write_bytes(data[:int(len(data) * part)])
    assert "cut short or damaged" in refusal(path)


def test_a_bit_of_the_numbers_that_flipped(path):
    data = write_zip(path, *small()).read_bytes()
    path.write_bytes(data.replace(struct.pack("<6f", *range(6)), struct.pack("<6f", 0, 1, 2, 3, 4, 6)))
    assert "data/0 in it is damaged" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"{}", pickle.dumps({"model": 1})])
def test_other_files(path, content):
    path.write_bytes(content)
    assert "no file that torch.save wrote" in refusal(path)


def test_bytes_changed_at_random_never_get_further_than_a_refusal(path):
    root, storages = small()
    good = dump(root)
    for seed in range(400):
        chance = random.Random(seed)
        data = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        write_zip(path, None, storages, **{"data.pkl": bytes(data)})
        with path.open("rb") as file:
            try:
                opened = reader.open_file(file)
                for tensor in (opened.root if isinstance(opened.root, dict) else {}).get("model", {}).values():
                    if isinstance(tensor, reader.Tensor):
                        reader.array_of(opened, tensor)
            except reader.Refusal:
                pass
            except AttributeError:  # "model" became something else; who reads the entries looks at that
                assert not isinstance(opened.root["model"], dict)


def legacy():
    """small() as the old format has it: its storages name that they are no views."""
    root, storages = small(more=(None,))
    return root, storages


def test_a_good_file_of_before_torch_1_6(path):
    assert read(write_legacy(path, *legacy())) == {"a": [[0, 1, 2], [3, 4, 5]], "b": [1, 2]}


@pytest.mark.parametrize("keep,more", [(-1, b""), (-20, b""), (None, b"x"), (200, b""), (60, b""), (203, b"")])
def test_an_old_file_that_is_cut_short(path, keep, more):
    data = write_legacy(path, *legacy()).read_bytes()
    path.write_bytes(data[:keep] + more)
    assert "damaged" in refusal(path)


def test_an_old_file_runs_nothing_either(path, tmp_path):
    root, storages = legacy()
    marker = tmp_path / "was-run"
    bad = Call(Global("os", "system"), (f"touch {marker}",))
    assert "os.system" in refusal(write_legacy(path, {"before": bad, **root}, storages))
    assert not marker.exists()


@pytest.mark.parametrize("old,new,words", [
    (dump(1001), dump(1000), "another torch"), (b"little_endian\x88", b"little_endian\x89", "another machine"),
    (dump(["0", "1"]), dump(["0", "0"]), "list of storages"), (dump(["0", "1"]), dump([0, 1]), "list of storages"),
    (dump(["0", "1"]), dump([[], []]), "list of storages"),
    (struct.pack("<q", 6), struct.pack("<q", 5), "of 5 numbers, its tensors want 6")])
def test_an_old_file_that_is_not_as_torch_leaves_it(path, old, new, words):
    data = write_legacy(path, *legacy()).read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    assert words in refusal(path)


def test_a_view_of_a_storage_is_refused(path):
    assert "describes a storage" in refusal(write_legacy(path, *small(more=(("0", 0, 6),))))
