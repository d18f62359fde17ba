"""Writes files as torch.save does, and some as it never would, without torch: the pickle's opcodes by hand."""
import io
import pickle
import struct
import zipfile
from typing import Any, NamedTuple

import numpy as np

STORAGE_OF = {"<f8": "DoubleStorage", "<f4": "FloatStorage", "<f2": "HalfStorage", "<i8": "LongStorage"}


class Global(NamedTuple):
    module: str
    name: str


class Call(NamedTuple):
    called: Any
    arguments: tuple
    opcode: bytes = pickle.REDUCE


class Fill(NamedTuple):
    """What is made first and given its state then."""
    made: Any
    state: Any


class Stored(NamedTuple):
    """What torch's pickler says of a storage, as a persistent id."""
    storage: str
    key: str
    count: int
    more: tuple = ()  # the old format names a view


class Raw(NamedTuple):
    """Opcodes as they are."""
    code: bytes


def ordered(pairs):
    """An OrderedDict, with the attribute that state_dict() hangs on it."""
    made = Call(Global("collections", "OrderedDict"), ())
    items = Raw(opcodes(made) + b"(" + b"".join(map(opcodes, (part for pair in pairs for part in pair))) + b"u")
    return Fill(items, {"_metadata": Call(Global("collections", "OrderedDict"), ())})


def namespace(values):
    return Fill(Call(Global("argparse", "Namespace"), (), pickle.NEWOBJ), values)


def opcodes(value):
    match value:
        case Raw(code):
            return code
        case Global(module, name):
            return f"c{module}\n{name}\n".encode()
        case Call(called, arguments, opcode):
            return opcodes(called) + opcodes(tuple(arguments)) + opcode
        case Fill(made, state):
            return opcodes(made) + opcodes(state) + b"b"
        case Stored(storage, key, count, more):
            return opcodes(("storage", Global("torch", storage), key, "cuda:0", count, *more)) + b"Q"
        case tuple():
            return b"(" + b"".join(map(opcodes, value)) + b"t"
        case list():
            return b"](" + b"".join(map(opcodes, value)) + b"e"
        case dict():
            return b"}(" + b"".join(opcodes(key) + opcodes(each) for key, each in value.items()) + b"u"
        case _:
            return pickle.dumps(value, protocol=2)[2:-1].replace(b"q\x00", b"")


def dump(value):
    return b"\x80\x02" + opcodes(value) + b"."


def of_storage(stored, shape, stride=None, offset=0):
    """A tensor that looks into a storage; without `stride` its numbers lie in a row."""
    if stride is None:
        stride = tuple(int(np.prod(shape[axis + 1:])) for axis in range(len(shape)))
    hooks = Call(Global("collections", "OrderedDict"), ())
    arguments = (stored, offset, tuple(shape), tuple(stride), False, hooks)
    return Call(Global("torch._utils", "_rebuild_tensor_v2"), arguments)


class Storages:
    """Numbers the storages of a file, and remembers whose bytes they hold."""

    def __init__(self, more=()):
        self.bytes, self.counts, self.keys, self.more = [], [], {}, more

    def store(self, data, count, kind):
        self.bytes.append(data)
        self.counts.append(count)
        return Stored(kind, str(len(self.bytes) - 1), count, self.more)

    def tensor(self, array):
        """The same array again looks into the same storage."""
        if id(array) not in self.keys:
            self.keys[id(array)] = (array, self.store(array.tobytes(), array.size, STORAGE_OF[array.dtype.str]))
        return of_storage(self.keys[id(array)][1], array.shape)


def write_zip(path, root, storages, compression=zipfile.ZIP_STORED, **entries):
    """`entries` replace or add: byteorder=b"big"; None leaves one out."""
    content = {"data.pkl": dump(root), "byteorder": b"little",
               **{f"data/{key}": data for key, data in enumerate(storages.bytes)}, "version": b"3\n", **entries}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(f"archive/{name}", data)
    return path


def write_legacy(path, root, storages):
    """The format of before torch 1.6, which _use_new_zipfile_serialization=False still gives."""
    file = io.BytesIO()
    file.write(pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2) + pickle.dumps(1001, protocol=2))
    file.write(dump({"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}))
    file.write(dump(root))
    keys = sorted(map(str, range(len(storages.bytes))))
    file.write(dump(keys))
    for key in keys:
        file.write(struct.pack("<q", storages.counts[int(key)]) + storages.bytes[int(key)])
    path.write_bytes(file.getvalue())
    return path
