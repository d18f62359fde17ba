"""Memory of the real program around the fake model: what bombs take at most, and that refusals leave nothing behind."""
import io
import pathlib
import re
import struct
import subprocess
import sys
import zlib

import grpc
import PIL.Image
import pytest

from server_process import ROOT, LoggedProcess, environment_without_settings, server_command

ANSWER_SECONDS = 120  # for 64 bombs on two busy cores
MIB = 1 << 20
BUDGET = 512 * MIB  # about the least that the limits below allow
THREADS = 6
FLAGS = [f"--decode-bytes={BUDGET // MIB}MiB", "--max-image-pixels=10000000", f"--decode-threads={THREADS}"]
# What is counted elsewhere: the requests themselves, up to three copies of one on each thread that parses it, stacks.
UNCOUNTED = 16 * MIB
# Blocks of up to 32 MiB that are freed stay with glibc, up to this much for each thread; larger ones go back at once.
KEPT_BY_GLIBC = 64 * MIB


@pytest.fixture(scope="module")
def grounding(tmp_path_factory):
    out = tmp_path_factory.mktemp("stubs")
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT / 'proto'}", f"--python_out={out}"]
    subprocess.run([*command, "lqvg/v1/grounding.proto", "google/rpc/status.proto"], check=True)
    sys.path.append(str(out))
    import google.rpc
    google.rpc.__path__.append(str(out / "google" / "rpc"))
    from lqvg.v1 import grounding_pb2
    yield grounding_pb2
    sys.path.remove(str(out))


class Server(LoggedProcess):
    def __init__(self, folder, grounding, environment):
        super().__init__(server_command("lqvg-fake-server", *FLAGS), folder / "log",
                         env=environment_without_settings(**environment))
        self.grounding = grounding

    def await_ready(self):
        (address,) = self.find(r"ready: grpc (\S+),")
        self.channel = grpc.insecure_channel(address)
        self.ground_method = self.channel.unary_unary("/lqvg.v1.GroundingService/Ground",
                                                      self.grounding.GroundRequest.SerializeToString,
                                                      self.grounding.GroundResponse.FromString)

    def ground(self, picture, expression="the ship", upright=False):
        """Begins a call; its future."""
        request = self.grounding.GroundRequest(expressions=[expression])
        request.image.encoded = picture
        request.image.apply_exif_orientation = upright
        return self.ground_method.future(request, timeout=ANSWER_SECONDS)

    def memory(self, name):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status).group(1)) * 1024

    def reset_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


@pytest.fixture
def server(grounding, tmp_path, request):
    server = Server(tmp_path, grounding, getattr(request, "param", {}))
    try:
        server.start().await_ready()
        yield server
        assert server.process.poll() is None, server.log()
    finally:
        server.kill()


def zeros_deflated(count):
    compressor = zlib.compressobj(9)
    chunks = [compressor.compress(bytes(MIB)) for _ in range(count // MIB)]
    return b"".join([*chunks, compressor.compress(bytes(count % MIB)), compressor.flush()])


def png(width, height, bits, colour_type, palette=b""):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour_type]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0))
    colours = chunk(b"PLTE", palette) if palette else b""
    data = chunk(b"IDAT", zeros_deflated(((width * bits * channels + 7) // 8 + 1) * height))
    return b"\x89PNG\r\n\x1a\n" + header + colours + data + chunk(b"IEND", b"")


def tiff(data, tags):
    """`tags`: number -> LONG, or a list of three SHORTs, or (count, offset) of bytes."""
    offset = 8 + len(data)
    values_at = offset + 2 + 12 * len(tags) + 4
    entries = values = b""
    for tag, value in sorted(tags.items()):
        if isinstance(value, list):
            entries += struct.pack("<HHII", tag, 3, 3, values_at + len(values))
            values += struct.pack("<3H", *value)
        elif isinstance(value, tuple):
            entries += struct.pack("<HHII", tag, 1, *value)
        else:
            entries += struct.pack("<HHII", tag, 4, 1, value)
    return b"II*\0" + struct.pack("<I", offset) + data + struct.pack("<H", len(tags)) + entries + bytes(4) + values


def tiff_rgb(width, height, blocks):
    data = zeros_deflated(blocks["bytes"])
    tags = {256: width, 257: height, 258: [8, 8, 8], 259: 8, 262: 2, 277: 3, **blocks["tags"](len(data))}
    return tiff(data, tags)


def tiff_of_one_strip(width, height):
    return tiff_rgb(width, height, {"bytes": width * height * 3, "tags": lambda n: {273: 8, 278: height, 279: n}})


def tiff_of_one_tile(side):
    """A picture of 16 x 16 pixels in a tile that is far larger."""
    tags = {322: side, 323: side, 324: 8}
    return tiff_rgb(16, 16, {"bytes": side * side * 3, "tags": lambda n: {**tags, 325: n}})


def tiff_of_tags(count, value_bytes):
    """Private tags that all point at the same values."""
    plain = {256: 32, 257: 32, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 32, 279: 1024}
    return tiff(bytes(value_bytes), {**plain, **{40000 + i: (value_bytes, 8) for i in range(count)}})


def jpeg(width, height, **options):
    file = io.BytesIO()
    PIL.Image.new("RGB", (width, height), (40, 90, 140)).save(file, "JPEG", quality=50, **options)
    return file.getvalue()


def jpeg_lying_on_its_side(width, height):
    exif = PIL.Image.Exif()
    exif[274] = 6
    return jpeg(width, height, exif=exif.tobytes())


def bombs():
    """Each a few kilobytes, or a few hundred, that become up to 240 MB. (picture, turned upright, accepted)"""
    return [
        (tiff_of_one_tile(9000), False, True),
        (tiff_of_one_tile(8990), False, True),
        (jpeg(4000, 2500, progressive=True, subsampling=0), False, True),
        (jpeg_lying_on_its_side(4000, 2500), True, True),
        (tiff_of_one_strip(2500, 2000), False, True),
        (png(4000, 2500, 1, 0), False, True),
        (png(16384, 305, 8, 6), False, True),
        (png(2500, 2000, 8, 3, palette=bytes(range(256)) * 3), False, True),
        (tiff_of_tags(1000, 2 * MIB), False, False),
    ]


@pytest.mark.parametrize("server,count,kept", [({"MALLOC_MMAP_THRESHOLD_": str(MIB)}, 64, 0),
                                               ({}, 24, THREADS * KEPT_BY_GLIBC)],
                         indirect=["server"], ids=["without what glibc keeps", "as shipped"])
def test_bombs_at_once_stay_within_the_budget(server, count, kept):
    pictures = (bombs() * 8)[:count]
    assert server.ground(png(32, 32, 8, 0)).result().results  # whatever is allocated once
    idle = server.memory("VmRSS")
    server.reset_peak()
    calls = [(server.ground(picture, upright=upright), accepted) for picture, upright, accepted in pictures]
    for call, accepted in calls:
        error = call.exception()
        assert (error is None) == accepted, error
    peak = server.memory("VmHWM") - idle
    print(f"{peak / MIB:.0f} MiB above {idle / MIB:.0f} MiB")
    assert peak <= BUDGET + UNCOUNTED + kept
    assert peak > BUDGET // 3, "these were no bombs"


def test_ten_thousand_refusals_leave_nothing_behind(server):
    good = png(32, 32, 8, 0)
    refused = [(good[:-20], "the ship"), (b"GIF89a", "the ship"), (png(4000, 2501, 1, 0), "the ship"), (good, " "),
               (good, "x" * 5000), (tiff_of_tags(100, 100_000), "the ship"), (jpeg(64, 64)[:-2], "the ship"),
               (png(8, 8, 8, 0), "the ship")]

    def refuse(count):
        for begin in range(0, count, 50):
            calls = [server.ground(*refused[(begin + i) % len(refused)]) for i in range(50)]
            assert {call.exception().code() for call in calls} == {grpc.StatusCode.INVALID_ARGUMENT}

    refuse(10_000)  # until every thread's heap has seen everything
    before = server.memory("VmRSS")
    refuse(10_000)
    growth = server.memory("VmRSS") - before
    print(f"growth {growth / 1024:.0f} KiB")
    assert growth < MIB
