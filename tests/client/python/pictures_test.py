"""Every kind of picture gives the boxes that the file's bytes give; what is no picture is refused with words."""
import io
import os
import threading

import numpy
import PIL.Image
import pytest

import lqvg
from lqvg import pictures

EXPRESSION = "the red ship"


def pixels_of(path):
    return numpy.asarray(PIL.Image.open(path).convert("RGB"))


def as_pipe(path):
    """The read end of a pipe that gives little at a time."""
    reader, writer = os.pipe()

    def write():
        with open(writer, "wb", buffering=0) as out:
            out.write(path.read_bytes())

    threading.Thread(target=write, daemon=True).start()
    return open(reader, "rb", buffering=0)


def as_view(path):
    """Every second column of a wider array: not contiguous."""
    return numpy.repeat(pixels_of(path), 2, axis=1)[:, ::2]


@pytest.fixture(scope="module")
def expected(demo_server, scene):
    with lqvg.Client(demo_server.address) as client:
        return client.ground(scene.read_bytes(), EXPRESSION, max_boxes=3).results


@pytest.mark.parametrize("kind", [
    str, lambda path: path, lambda path: bytearray(path.read_bytes()), lambda path: memoryview(path.read_bytes()),
    lambda path: path.open("rb"), lambda path: io.BytesIO(path.read_bytes()), as_pipe, pixels_of, as_view,
    PIL.Image.open, lambda path: PIL.Image.open(path).convert("RGBA"),
], ids=["str", "Path", "bytearray", "memoryview", "file", "BytesIO", "pipe", "array", "strided array", "PIL",
        "PIL RGBA"])
def test_every_kind_of_picture_gives_the_boxes_of_its_bytes(demo, scene, expected, kind):
    answer = demo.ground(kind(scene), EXPRESSION, max_boxes=3)
    assert answer.results == expected
    assert (answer.image_width, answer.image_height) == (480, 360)


def test_a_grey_array_is_the_grey_file(demo, scene):
    grey = PIL.Image.open(scene).convert("L")
    file = io.BytesIO()
    grey.save(file, "PNG")
    from_file = demo.ground(file.getvalue(), EXPRESSION).results
    assert demo.ground(numpy.asarray(grey), EXPRESSION).results == from_file
    assert demo.ground(grey, EXPRESSION).results == from_file


@pytest.mark.filterwarnings("ignore:Palette images with Transparency")
@pytest.mark.parametrize("name", ["cmyk_adobe.jpg", "cmyk.tif", "palette8.png", "palette_transparent.png",
                                  "grey_alpha.tif", "rgba_filtered.png", "rgb420.jpg"])
def test_pillow_converts_as_the_server_does(demo, root, name):
    path = root / "tests" / "image" / "fixtures" / name
    # The codecs of Pillow and of the server may round a pixel differently.
    by_server = demo.ground(path, EXPRESSION).results[0].best
    by_pillow = demo.ground(PIL.Image.open(path), EXPRESSION).results[0].best
    assert by_pillow.score == pytest.approx(by_server.score, abs=1e-3)
    assert (by_pillow.x_min, by_pillow.y_max) == pytest.approx((by_server.x_min, by_server.y_max), abs=0.5)


def test_raw_pixels_are_sent_exactly(server, client, scene):
    client.ground(pixels_of(scene)[:20, :30], EXPRESSION)
    raw = server.requests[-1].image.raw
    assert (raw.width, raw.height) == (30, 20)
    assert raw.data == pixels_of(scene)[:20, :30].tobytes()


def test_orientation_is_applied_on_request(demo, root):
    turned = root / "tests" / "image" / "fixtures" / "orientation6.jpg"
    upright = demo.ground(turned, EXPRESSION)
    assert upright.notes == ("ORIENTATION_IGNORED",)
    answer = demo.ground(turned, EXPRESSION, apply_exif_orientation=True)
    assert answer.notes == ("ORIENTATION_APPLIED",)
    assert (answer.image_width, answer.image_height) == (upright.image_height, upright.image_width)
    for pixels in (PIL.Image.open(turned), pixels_of(turned)):
        with pytest.raises(ValueError, match="apply_exif_orientation is for files and bytes"):
            demo.ground(pixels, EXPRESSION, apply_exif_orientation=True)


@pytest.mark.parametrize("picture,error,words", [
    (numpy.zeros((32, 32, 3), numpy.float32), TypeError, "dtype is float32; uint8"),
    (numpy.zeros((32, 32, 3), numpy.uint16), TypeError, "dtype is uint16; uint8"),
    (numpy.zeros((3, 32, 32), numpy.uint8), ValueError, r"\(3, 32, 32\); \(height, width, 3\) or \(height, width\)"),
    (numpy.zeros((32, 32, 4), numpy.uint8), ValueError, r"\(32, 32, 4\)"),
    (numpy.zeros(32, numpy.uint8), ValueError, r"\(32,\)"),
    (PIL.Image.new("I;16", (32, 32)), ValueError, "mode is I;16; 8 bits"),
    (PIL.Image.new("F", (32, 32)), ValueError, "mode is F; 8 bits"),
    (io.StringIO("text"), TypeError, "str, not bytes: open it in binary mode"),
    (None, TypeError, "not builtins.NoneType"),
    ([[0, 0, 0]], TypeError, "not builtins.list"),
])
def test_what_is_no_picture_is_refused_before_it_is_sent(server, client, picture, error, words):
    with pytest.raises(error, match=words):
        client.ground(picture, EXPRESSION)
    assert server.requests == []


def test_a_file_that_cannot_be_read_is_an_oserror(client, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.png"):
        client.ground(tmp_path / "nowhere.png", EXPRESSION)
    with pytest.raises(IsADirectoryError):
        client.ground(tmp_path, EXPRESSION)


class EndlessFile(io.RawIOBase):
    def read(self, size=-1):
        return bytes(min(size, 1 << 20))


@pytest.mark.parametrize("make,words", [
    (lambda: bytes(pictures.MAX_REQUEST_BYTES + 1), "picture has 67108865"),
    (lambda: bytes(pictures.MAX_REQUEST_BYTES), "request has 67108890"),
    (EndlessFile, "picture has more than 67108864"),
    (lambda: numpy.zeros((4730, 4730, 3), numpy.uint8), "picture has 67118700"),
    (lambda: numpy.zeros((4730, 4730), numpy.uint8), "picture has 67118700"),
    (lambda: PIL.Image.new("L", (4730, 4730)), "picture has 67118700"),
], ids=["bytes", "the request around it", "endless file", "array", "grey array", "PIL"])
def test_more_than_any_server_takes_is_not_sent(server, client, make, words):
    with pytest.raises(lqvg.ResourceExhausted, match=f"{words} bytes; no server takes more than 67108864") as caught:
        client.ground(make(), EXPRESSION)
    assert (caught.value.code, caught.value.reason) == (lqvg.Code.RESOURCE_EXHAUSTED, "")
    assert server.requests == []


def test_what_is_larger_than_this_server_takes_fails_the_same_way(demo):
    with pytest.raises(lqvg.ResourceExhausted, match="larger than max") as caught:
        demo.ground(bytes(17 << 20), EXPRESSION)
    assert (caught.value.code, caught.value.reason) == (lqvg.Code.RESOURCE_EXHAUSTED, "")
