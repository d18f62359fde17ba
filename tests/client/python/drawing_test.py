"""Boxes drawn on a picture: where, in which colours, with what labels."""
import datetime
import io

import numpy
import PIL.Image
import PIL.ImageDraw
import pytest

import lqvg
from lqvg.drawing import COLOURS

SIZE = (200, 160)  # width, height
ZERO = datetime.timedelta()
RECEIPT = lqvg.Receipt(ZERO, ZERO, ZERO, ZERO, 1, 1, "OFF", 0, 0)


def grounding(*results, notes=(), path=None, size=SIZE):
    return lqvg.Grounding(tuple(results), *size, lqvg.ModelId("m", "d"), RECEIPT, "r", notes, path)


def result(*boxes, expression="the red ship"):
    return lqvg.Result(expression, tuple(lqvg.Box(*box, score=0.5) for box in boxes))


def canvas(colour="grey", size=SIZE):
    return PIL.Image.new("RGB", size, colour)


def changed(drawn, original):
    """(left, top, right, bottom) of what differs, the last two beyond it; None: nothing."""
    difference = numpy.abs(numpy.asarray(drawn, int) - numpy.asarray(original, int)).any(axis=2)
    rows, columns = difference.nonzero()
    return (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None


def has_colour(image, colour):
    return (numpy.asarray(image) == colour).all(axis=2).any()


@pytest.mark.parametrize("background", ["black", "white", "grey", *COLOURS])
@pytest.mark.parametrize("index", range(len(COLOURS)))
def test_an_outline_stands_out_from_every_background(background, index):
    empty = [result() for _ in range(index)]
    drawn = grounding(*empty, result((50, 60, 150, 120))).draw(canvas(background), labels=False)
    ring = [drawn.getpixel((x, 90)) for x in range(49, 53)]
    *outline, ground = (0.299 * red + 0.587 * green + 0.114 * blue
                        for red, green, blue in ring + [canvas(background).getpixel((0, 0))])
    assert max(abs(lightness - ground) for lightness in outline) > 60


def test_an_outline_lies_on_the_boxs_edges():
    drawn = grounding(result((50, 60, 150, 120))).draw(canvas(), labels=False)
    assert changed(drawn, canvas()) == (49, 59, 152, 122)
    for point in [(50, 90), (150, 90), (100, 60), (100, 120)]:
        assert drawn.getpixel(point) == COLOURS[0]
    assert drawn.getpixel((100, 90)) == canvas().getpixel((0, 0)), "nothing inside"


def test_each_expression_has_its_colour():
    drawn = grounding(*(result((10 + 20 * i, 30, 25 + 20 * i, 60)) for i in range(8))).draw(canvas(), labels=False)
    assert all(has_colour(drawn, colour) for colour in COLOURS)
    assert len(set(COLOURS)) == 8


def test_a_label_is_above_its_box_with_expression_and_score(monkeypatch):
    written = []
    text = PIL.ImageDraw.ImageDraw.text
    monkeypatch.setattr(PIL.ImageDraw.ImageDraw, "text",
                        lambda self, at, words, **how: (written.append((at, words)), text(self, at, words, **how)))
    drawn = grounding(result((50, 60, 150, 120))).draw(canvas())
    ((_, top), words), = written
    assert words == "the red ship 0.50" and top < 60
    assert changed(drawn, canvas())[1] < 59


@pytest.mark.parametrize("box", [(-50, -50, 20, 20), (150, 100, 400, 300), (0, 0, 200, 160)])
def test_boxes_that_reach_beyond_the_picture_keep_their_labels_in_it(box):
    answer = grounding(result(box, expression="a rather long description of what is to be found in the picture"))
    left, top, right, bottom = changed(answer.draw(canvas()), canvas())
    assert right - left >= 190 and bottom - top >= 10


@pytest.mark.parametrize("box", [(-50, 10, -1, 20), (200, 10, 300, 20), (10, 160, 20, 170), (float("nan"), 10, 20, 20),
                                 (50, 10, 40, 20)])
def test_a_box_outside_the_picture_leaves_no_mark(box):
    assert changed(grounding(result(box)).draw(canvas()), canvas()) is None


def test_a_box_without_end_is_drawn_as_far_as_the_picture_goes():
    endless = float("inf")
    drawn = grounding(result((50, -endless, endless, 120))).draw(canvas(), labels=False)
    assert changed(drawn, canvas()) == (49, 0, 200, 122)


def test_a_long_expression_keeps_its_ends_and_the_score(monkeypatch):
    written = []
    monkeypatch.setattr(PIL.ImageDraw.ImageDraw, "text", lambda self, at, words, **how: written.append(words))
    grounding(result((50, 60, 150, 120), expression="begin " + "word\n" * 800)).draw(canvas())
    assert written[0].startswith("begin wo") and "..." in written[0] and written[0].endswith("ord 0.50")
    assert len(written[0]) < 50


def test_labels_of_equal_boxes_do_not_cover_each_other():
    same = [result((50, 60, 150, 120), expression=name) for name in ("a", "b", "c")]
    drawn = numpy.asarray(grounding(*same).draw(canvas()))
    for colour in COLOURS[:2]:  # their outlines lie under that of the third
        assert (drawn == colour).all(axis=2).sum() > 100, "the label's background"


def test_it_draws_on_every_kind_of_picture_and_keeps_the_original(tmp_path):
    original, path = canvas("navy"), tmp_path / "picture.png"
    original.save(path)
    answer = grounding(result((50, 60, 150, 120)), path=str(path))
    expected = answer.draw(original).tobytes()
    for picture in (None, path, path.read_bytes(), io.BytesIO(path.read_bytes()), numpy.asarray(original)):
        assert answer.draw(picture).tobytes() == expected
    assert original.tobytes() == canvas("navy").tobytes()


def test_a_turned_picture_is_drawn_on_as_the_server_turned_it(demo, root):
    path = root / "tests" / "image" / "fixtures" / "orientation6.jpg"
    answer = demo.ground(path, "the red ship", apply_exif_orientation=True)
    assert answer.draw().size == (answer.image_width, answer.image_height)


def test_without_a_picture_it_asks_for_one():
    with pytest.raises(ValueError, match=r"remembers a path.*draw\(image\)"):
        grounding(result()).draw()


def test_another_picture_is_refused():
    with pytest.raises(ValueError, match="has 200 x 160 pixels; the boxes are of one that has 100 x 80"):
        grounding(result(), size=(100, 80)).draw(canvas())


def test_without_pillow_it_says_what_to_install(run_python, root):
    words = run_python("-c", """
import sys
sys.modules["PIL"] = None  # as if it were not installed
import datetime, lqvg
zero = datetime.timedelta()
answer = lqvg.Grounding((), 1, 1, lqvg.ModelId("", ""), lqvg.Receipt(zero, zero, zero, zero, 1, 1, "OFF", 0, 0), "", ())
try:
    answer.draw(b"")
except ImportError as error:
    print(error)
""", PYTHONPATH=str(root / "client" / "python" / "src"))
    assert words == "drawing needs Pillow: pip install 'lqvg-client[pillow]'\n"
