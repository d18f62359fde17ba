"""Draws answers on a picture: a box for each, with a label. For eyes, not for measurements."""
from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, List, Optional, Tuple

from lqvg import pictures
from lqvg.answers import Box, Grounding

if TYPE_CHECKING:
    import PIL.Image

Colour = Tuple[int, int, int]
Rectangle = Tuple[int, int, int, int]  # left, top, right, bottom pixel, all within

# Easy to tell apart, on aerial pictures and from each other; those of `lqvg ground --draw`. They repeat after 8.
COLOURS = ((255, 64, 64), (64, 224, 255), (255, 224, 0), (224, 64, 255),
           (255, 144, 16), (64, 96, 255), (128, 255, 64), (255, 255, 255))
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_ELLIPSIS = "..."


def draw(grounding: Grounding, picture: Optional[pictures.Picture], labels: bool) -> PIL.Image.Image:
    """As Grounding.draw, which documents it."""
    try:
        import PIL.Image
    except ImportError as error:
        raise ImportError("drawing needs Pillow: pip install 'lqvg-client[pillow]'") from error
    image = _open(grounding, picture)
    pen = _Pen(image)
    boxes = [(box, result.expression, COLOURS[index % len(COLOURS)])
             for index, result in enumerate(grounding.results) for box in result.boxes if _is_in(box, image.size)]
    for box, _, colour in boxes:
        pen.outline(box, colour)
    if labels:
        # After all outlines, so that none crosses a label.
        for box, expression, colour in boxes:
            pen.label(box, colour, f"{expression} {box.score:.2f}")
    return image


def _open(grounding: Grounding, picture: Optional[pictures.Picture]) -> PIL.Image.Image:
    """A copy of the picture as the boxes' space has it."""
    from PIL import Image, ImageOps
    if picture is None:
        picture = grounding.path
    if picture is None:
        raise ValueError("which picture? An answer remembers a path, but no bytes or pixels: draw(image)")
    if pictures.is_array(picture) or pictures.is_pil_image(picture):
        image = Image.frombytes("RGB", pictures.size_of(picture), pictures.rgb_bytes(picture))
    else:
        opened = Image.open(io.BytesIO(pictures.read_encoded(picture)))
        if "ORIENTATION_APPLIED" in grounding.notes:
            ImageOps.exif_transpose(opened, in_place=True)
        image = opened.convert("RGB")
    expected = (grounding.image_width, grounding.image_height)
    if image.size != expected:
        raise ValueError(f"the picture has {image.size[0]} x {image.size[1]} pixels; the boxes are of one that has "
                         f"{expected[0]} x {expected[1]}")
    return image


def _is_in(box: Box, size: Tuple[int, int]) -> bool:
    # Written so that a NaN is nowhere.
    return box.x_min <= box.x_max and box.y_min <= box.y_max and (
        box.x_min < size[0] and box.y_min < size[1] and box.x_max > 0 and box.y_max > 0)


class _Pen:
    """Draws on one image, with lines and letters of a size that suits it."""

    def __init__(self, image: PIL.Image.Image) -> None:
        from PIL import ImageDraw, ImageFont
        self._draw: Any = ImageDraw.Draw(image)
        self._width, self._height = image.size
        self._line = max(2, round(max(image.size) / 400))
        self._font: Any = ImageFont.load_default(max(11, round(max(image.size) / 45)))
        self._labels: List[Rectangle] = []

    def outline(self, box: Box, colour: Colour) -> None:
        beyond = 2 * self._line  # where a line leaves no mark
        left, right = (_clamped(x, -beyond, self._width + beyond) for x in (box.x_min, box.x_max))
        top, bottom = (_clamped(y, -beyond, self._height + beyond) for y in (box.y_min, box.y_max))
        # Black around the colour: whatever lies beneath, one of the two stands out from it.
        self._draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=_BLACK, width=self._line + 2)
        self._draw.rectangle((left, top, right, bottom), outline=colour, width=self._line)

    def label(self, box: Box, colour: Colour, text: str) -> None:
        """Within the picture, at the box, and off the labels that were drawn before if there is room."""
        text = self._fitted(text, self._width - 2 * self._line)
        width = round(self._font.getlength(text)) + 2 * self._line
        height = sum(self._font.getmetrics()) + 2 * self._line
        left = _clamped(box.x_min, 0, self._width - width)
        above, inside, below = box.y_min - height, box.y_min, box.y_max
        places = [(left, top, left + width - 1, top + height - 1)
                  for top in (_clamped(wanted, 0, self._height - height) for wanted in (above, inside, below))]
        place = next((each for each in places if not any(_overlap(each, other) for other in self._labels)), places[0])
        self._draw.rectangle(place, fill=colour, outline=_BLACK)
        self._draw.text((left + self._line, place[1] + self._line), text, font=self._font, fill=_readable_on(colour))
        self._labels.append(place)

    def _fitted(self, text: str, width: float) -> str:
        """The text, its middle cut out so far that it fits: the score at its end stays."""
        text = " ".join(text.split())

        def shortened(kept: int) -> str:
            return text if kept == len(text) else text[:(kept + 1) // 2] + _ELLIPSIS + text[len(text) - kept // 2:]

        kept = min(len(text), max(0, int(width)))  # a letter takes a pixel at least
        while kept > 0 and self._font.getlength(shortened(kept)) > width:
            kept -= 1
        return shortened(kept)


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _clamped(value: float, smallest: int, largest: int) -> int:
    return round(max(smallest, min(value, largest)))


def _readable_on(colour: Colour) -> Colour:
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue  # ITU-R BT.601
    return _BLACK if luma > 110 else _WHITE
