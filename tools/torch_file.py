"""Reads what torch.save wrote, without torch and without running anything that the file asks for.

A pickle is a program: what it names, it may call. Here it can name only what ALLOWED lists, all of which merely holds
data, and call or fill nothing else; a file that names anything more is refused. Nothing is taken on trust either: sizes
are compared with what is there before memory is taken. Used by convert_checkpoint.py. Needs: numpy.
"""
import dataclasses
import io
import math
import pickle
import struct
import zipfile

import numpy as np

# Of the description of what is stored where; that of a checkpoint with its optimizer is below 1 MiB.
MAX_PICKLE_BYTES = 64 << 20

# Storage class of torch: its type's name, and numpy's type of the bytes. numpy has no bfloat16: its bits are read.
STORAGES = {
    "DoubleStorage": ("float64", "<f8"), "FloatStorage": ("float32", "<f4"), "HalfStorage": ("float16", "<f2"),
    "BFloat16Storage": ("bfloat16", "<u2"), "LongStorage": ("int64", "<i8"), "IntStorage": ("int32", "<i4"),
    "ShortStorage": ("int16", "<i2"), "CharStorage": ("int8", "<i1"), "ByteStorage": ("uint8", "<u1"),
    "BoolStorage": ("bool", "<u1")}

FLOATS = ("float64", "float32", "float16", "bfloat16")


class Refusal(Exception):
    """What is wrong with the file, in a sentence."""


@dataclasses.dataclass(frozen=True)
class Storage:
    """Numbers in a row, which tensors look into."""
    key: str
    kind: str  # a key of STORAGES
    count: int

    @property
    def nbytes(self):
        return self.count * np.dtype(STORAGES[self.kind][1]).itemsize


@dataclasses.dataclass(frozen=True)
class Tensor:
    storage: Storage
    offset: int
    shape: tuple
    stride: tuple

    @property
    def dtype(self):
        return STORAGES[self.storage.kind][0]


class Ordered(dict):
    """collections.OrderedDict, which is made empty; torch hangs attributes on it, which nobody needs."""

    def __init__(self):
        super().__init__()


class Namespace:
    """argparse.Namespace: its attributes are data in `values`, so that none of them can hide a method."""

    def __init__(self):
        self.values = {}


class Opaque:
    """What a checkpoint may hold and nobody reads: the scheduler's counters, numpy's scalars."""

    def __init__(self, *_):
        pass


def is_size(value):
    return type(value) is int and 0 <= value < 2**63


def rebuild_tensor(storage, offset, shape, stride, *_):
    if not (isinstance(storage, Storage) and is_size(offset) and type(shape) is tuple and type(stride) is tuple and
            len(shape) == len(stride) and all(map(is_size, shape + stride))):
        raise Refusal("it describes a tensor in a way that torch.save does not")
    return Tensor(storage, offset, shape, stride)


def rebuild_parameter(tensor, *_):
    if not isinstance(tensor, Tensor):
        raise Refusal("it describes a parameter in a way that torch.save does not")
    return tensor


ALLOWED = {
    ("collections", "OrderedDict"): Ordered, ("argparse", "Namespace"): Namespace,
    ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor, ("torch._utils", "_rebuild_parameter"): rebuild_parameter,
    **{key: Opaque for key in (
        ("collections", "Counter"), ("torch", "device"), ("numpy", "dtype"), ("_codecs", "encode"),
        ("numpy.core.multiarray", "scalar"), ("numpy._core.multiarray", "scalar"))}}


class Unpickler(pickle._Unpickler):  # in Python: the one in C takes memory by the gigabyte when a damaged file says so
    """Follows a pickle within ALLOWED; collects the storages that it names."""

    dispatch = dict(pickle._Unpickler.dispatch)
    # Other ways to name, to call and to hash something, and one to take memory unseen, none of which torch.save uses.
    for code in (pickle.INST, pickle.OBJ, pickle.NEWOBJ_EX, pickle.EXT1, pickle.EXT2, pickle.EXT4, pickle.NEXT_BUFFER,
                 pickle.READONLY_BUFFER, pickle.PERSID, pickle.ADDITEMS, pickle.FROZENSET,
                 pickle.BYTEARRAY8):
        del dispatch[code[0]]

    def __init__(self, file, storages):
        super().__init__(file, encoding="utf-8")
        self.storages = storages

    def find_class(self, module, name):
        if module == "torch" and name in STORAGES:
            return name
        if (module, name) not in ALLOWED:
            raise Refusal(f"it asks for {module}.{name}, which no checkpoint of LQVG needs; nothing of it was run")
        return ALLOWED[module, name]

    def persistent_load(self, pid):
        # The old format has a sixth part, of views, which torch does not write since long.
        if not (type(pid) is tuple and (len(pid) == 5 or (len(pid) == 6 and pid[5] is None)) and pid[0] == "storage" and
                type(pid[1]) is str and pid[1] in STORAGES and type(pid[2]) is str and pid[2].isdecimal() and is_size(pid[4])):
            raise Refusal("it describes a storage in a way that torch.save does not")
        storage = Storage(pid[2], pid[1], pid[4])
        if self.storages.setdefault(storage.key, storage) != storage:
            raise Refusal(f"it describes storage {storage.key} twice, differently")
        return storage

    def call(self):
        arguments = self.stack.pop()
        called = self.stack[-1]
        if not any(called is allowed for allowed in ALLOWED.values()):
            raise Refusal("it calls what is not callable")
        self.stack[-1] = called(*arguments)

    def fill(self):
        state = self.stack.pop()
        if isinstance(self.stack[-1], Namespace) and type(state) is dict:
            self.stack[-1].values = state
        elif not isinstance(self.stack[-1], (Ordered, Opaque)):
            raise Refusal("it sets attributes of what has none")

    def enter(self, pairs):
        if not isinstance(self.stack[-1], dict):
            raise Refusal("it puts entries into what is no dictionary")
        # Of a tuple in a tuple in a tuple, and so on, the hash would overflow the stack.
        if not all(isinstance(key, (str, int, float, type(None))) for key in pairs[::2]):
            raise Refusal("a dictionary in it has keys other than names and numbers")
        self.stack[-1].update(zip(pairs[::2], pairs[1::2]))

    def enter_one(self):
        value, key = self.stack.pop(), self.stack.pop()
        self.enter([key, value])

    def enter_many(self):
        self.enter(self.pop_mark())

    dispatch[pickle.SETITEM[0]] = enter_one
    dispatch[pickle.SETITEMS[0]] = enter_many
    dispatch[pickle.REDUCE[0]] = call
    dispatch[pickle.NEWOBJ[0]] = call
    dispatch[pickle.BUILD[0]] = fill


class Head(io.BytesIO):
    """The start of a file; a line that it cuts is an end, not a shorter name."""

    def readline(self, *size):
        line = super().readline(*size)
        if not line.endswith(b"\n"):
            raise EOFError
        return line


def unpickle(file, storages):
    """The next object of `file`, which is in memory."""
    try:
        return Unpickler(file, storages).load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, LookupError, AttributeError, OverflowError,
            MemoryError, RecursionError, struct.error) as error:
        raise Refusal(f"its description is damaged ({type(error).__name__})") from error


class ZipFile:
    """The format of torch.save since torch 1.6: an archive of data.pkl, data/0, data/1, ..., not compressed."""

    name = "zip"

    def __init__(self, file):
        self.storages = {}
        try:
            self.archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as error:
            raise Refusal("its archive is cut short or damaged") from error
        pickles = [name for name in self.archive.namelist() if name.endswith("/data.pkl")]
        if len(pickles) != 1 or pickles[0].count("/") != 1:
            raise Refusal("it is an archive, but none that torch.save wrote: one data.pkl in one folder is wanted")
        self.folder = pickles[0].removesuffix("data.pkl")
        if self.folder + "constants.pkl" in self.archive.namelist():
            raise Refusal("it is a TorchScript program, not a checkpoint")
        if self.folder + "byteorder" in self.archive.namelist() and self.read("byteorder", 16) != b"little":
            raise Refusal("its numbers are big-endian, which is not supported")
        self.root = unpickle(io.BytesIO(self.read("data.pkl", MAX_PICKLE_BYTES)), self.storages)

    def read(self, name, most):
        """The whole content of an entry of at most `most` bytes."""
        try:
            info = self.archive.getinfo(self.folder + name)
            if info.compress_type != zipfile.ZIP_STORED:
                raise Refusal(f"{name} in it is compressed, which torch.save never does")
            if info.file_size > most:
                raise Refusal(f"{name} in it has {info.file_size} bytes, more than {most}")
            return self.archive.read(info)
        except KeyError as error:
            raise Refusal(f"it lacks {name}") from error
        except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, RuntimeError, struct.error) as error:
            raise Refusal(f"{name} in it is damaged") from error

    def bytes_of(self, storage):
        data = self.read(f"data/{storage.key}", storage.nbytes)
        if len(data) != storage.nbytes:
            raise Refusal(f"data/{storage.key} in it has {len(data)} bytes, its tensors want {storage.nbytes}")
        return data


class LegacyFile:
    """The format of before torch 1.6, which the official main.py asks for: pickles, then the storages in a row, each
    after its count."""

    name = "old torch"
    # The magic number as pickle's protocol 2 has it.
    start = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
    protocol = 1001

    def __init__(self, file):
        self.file, self.storages, self.places = file, {}, {}
        head = Head(file.read(MAX_PICKLE_BYTES))
        _, protocol, system = (unpickle(head, {}) for _ in range(3))
        if protocol != self.protocol or not isinstance(system, dict) or system.get("little_endian") is not True:
            raise Refusal("it is of another machine or of another torch than is known here")
        self.root = unpickle(head, self.storages)
        keys = unpickle(head, {})
        if not (type(keys) is list and all(type(key) is str for key in keys) and len(keys) == len(self.storages) and
                set(keys) == self.storages.keys()):
            raise Refusal("its list of storages is damaged")
        end = head.tell()
        for key in keys:
            self.places[key] = end
            end += 8 + self.storages[key].nbytes
        if end != file.seek(0, io.SEEK_END):
            raise Refusal(f"it is cut short or damaged: its storages end at byte {end}, the file at {file.tell()}")

    def bytes_of(self, storage):
        self.file.seek(self.places[storage.key])
        count = int.from_bytes(self.file.read(8), "little")
        if count != storage.count:
            raise Refusal(f"storage {storage.key} in it is of {count} numbers, its tensors want {storage.count}")
        return self.file.read(storage.nbytes)


def open_file(file):
    """What `file`, open for reading in binary, holds: `.root`, an object of dicts, lists, numbers, strings and the
    classes above, and `.bytes_of(storage)`. Raises Refusal."""
    start = file.read(len(LegacyFile.start))
    file.seek(0)
    if start.startswith(b"PK"):
        return ZipFile(file)
    if start == LegacyFile.start:
        return LegacyFile(file)
    raise Refusal("it is no file that torch.save wrote")


def array_of(opened, tensor):
    """The numbers of `tensor` as a contiguous array; those of bfloat16 as float32. Raises Refusal."""
    count = math.prod(tensor.shape)
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride))
    if count > tensor.storage.count or (count > 0 and last >= tensor.storage.count):
        raise Refusal(f"it wants numbers that its storage of {tensor.storage.count} does not have")
    numbers = np.frombuffer(opened.bytes_of(tensor.storage), STORAGES[tensor.storage.kind][1])
    if count == 0:
        numbers = numbers[:0].reshape(tensor.shape)
    else:
        strides = [step * numbers.itemsize for step in tensor.stride]
        numbers = np.lib.stride_tricks.as_strided(numbers[tensor.offset:], tensor.shape, strides, writeable=False)
    if tensor.dtype == "bfloat16":
        return (numbers.astype("<u4") << 16).view("<f4")
    return np.ascontiguousarray(numbers).reshape(tensor.shape)
