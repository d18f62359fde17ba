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
        from PIL import ImageDraw
    except ImportError as error:
        raise ImportError("drawing needs Pillow: pip install 'lqvg-client[pillow]'") from error
    image = _open(grounding, picture)
    pen = ImageDraw.Draw(image)
    width = _line_width(image.size)
    boxes = [(box, result.expression, COLOURS[index % len(COLOURS)])
             for index, result in enumerate(grounding.results) for box in result.boxes if _is_in(box, image.size)]
    for box, _, colour in boxes:
        _draw_outline(pen, box, colour, width)
    if labels:
        # After all outlines, so that none crosses a label.
        taken: List[Rectangle] = []
        for box, expression, colour in boxes:
            taken.append(_draw_label(pen, image.size, taken, box, f"{expression} {box.score:.2f}", colour, width))
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
    return box.x_min < size[0] and box.y_min < size[1] and box.x_max > 0 and box.y_max > 0  # a NaN is nowhere


def _line_width(size: Tuple[int, int]) -> int:
    return max(2, round(max(size) / 400))


def _draw_outline(pen: Any, box: Box, colour: Colour, width: int) -> None:
    # Black around the colour: whatever lies beneath, one of the two stands out from it.
    left, top, right, bottom = round(box.x_min), round(box.y_min), round(box.x_max), round(box.y_max)
    pen.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=_BLACK, width=width + 2)
    pen.rectangle((left, top, right, bottom), outline=colour, width=width)


def _draw_label(pen: Any, size: Tuple[int, int], taken: List[Rectangle], box: Box, text: str, colour: Colour,
                pad: int) -> Rectangle:
    """Draws it within the picture and off the rectangles that other labels have taken, if it can; where it is."""
    from PIL import ImageFont
    font: Any = ImageFont.load_default(max(11, round(max(size) / 45)))
    text = _fitted(font, text, size[0] - 2 * pad)
    width, height = round(font.getlength(text)) + 2 * pad, sum(font.getmetrics()) + 2 * pad
    left = _clamped(round(box.x_min), size[0] - width)
    above, inside, below = round(box.y_min) - height, round(box.y_min), round(box.y_max)
    places = [(left, top, left + width - 1, top + height - 1)
              for top in (_clamped(wanted, size[1] - height) for wanted in (above, inside, below))]
    place = next((each for each in places if not any(_overlap(each, other) for other in taken)), places[0])
    pen.rectangle(place, fill=colour, outline=_BLACK)
    pen.text((place[0] + pad, place[1] + pad), text, font=font, fill=_readable_on(colour))
    return place


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _fitted(font: Any, text: str, width: float) -> str:
    """The text, its middle cut out so far that it fits: the score at its end stays."""
    text = " ".join(text.split())
    kept = len(text)
    fitted = text
    while kept > 0 and font.getlength(fitted) > width:
        kept -= 1
        fitted = text[:(kept + 1) // 2] + _ELLIPSIS + text[len(text) - kept // 2:]
    return fitted


def _clamped(value: int, largest: int) -> int:
    return max(0, min(value, largest))


def _readable_on(colour: Colour) -> Colour:
    red, green, blue = colour
    luma = 0.299 * red + 0.587 * green + 0.114 * blue  # ITU-R BT.601
    return _BLACK if luma > 110 else _WHITE
