#!/usr/bin/env python3
"""Draws the picture of the demo: a made-up aerial view of an airfield, a harbour and a suburb, 480 x 360.

    tools/make_demo_scene.py [docs/demo/scene.png]

Made up, so that it carries nobody's licence. Deterministic: the same numpy and Pillow (tools/requirements.txt) write
the same bytes.
"""

import math
import pathlib
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 480, 360  # pixels
SCALE = 4  # drawn this much larger, then averaged: smooth edges
SHADOW = (3, 4)  # pixels; the sun stands in the upper left
GRASS, SOIL, WATER, ASPHALT = (96, 118, 72), (150, 134, 98), (44, 78, 104), (104, 104, 106)
CONCRETE, WHITE, ROOF, POOL = (168, 166, 158), (232, 232, 228), (158, 84, 66), (72, 176, 200)


def smooth_noise(rng, radius):
    """Noise of mean 0 and deviation 1 whose blobs are about `radius` pixels wide: [HEIGHT, WIDTH]."""
    coarse = rng.normal(size=(HEIGHT // radius + 2, WIDTH // radius + 2)).astype(np.float32)
    fine = np.asarray(Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
    return (fine - fine.mean()) / fine.std()


class Scene:
    """A drawing in pixels of the final picture, painted at SCALE. Shapes are drawn in order, later ones on top."""

    def __init__(self):
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), GRASS)
        self.draw = ImageDraw.Draw(self.image)

    def polygon(self, points, color):
        self.draw.polygon([(x * SCALE, y * SCALE) for x, y in points], fill=color)

    def line(self, points, color, width):
        points = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(points, fill=color, width=round(width * SCALE), joint="curve")

    def disc(self, x, y, radius, color):
        corners = [(x - radius) * SCALE, (y - radius) * SCALE, (x + radius) * SCALE, (y + radius) * SCALE]
        self.draw.ellipse(corners, fill=color)

    def placed(self, x, y, degrees, points, color):
        """A polygon given around the origin, turned and moved to (x, y)."""
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        self.polygon([(x + c * px - s * py, y + s * px + c * py) for px, py in points], color)

    def box(self, x, y, width, height, degrees, color):
        w, h = width / 2, height / 2
        self.placed(x, y, degrees, [(-w, -h), (w, -h), (w, h), (-w, h)], color)


def darker(color, factor):
    return tuple(round(channel * factor) for channel in color)


def draw_ground(scene):
    scene.polygon([(300, 0), (480, 0), (480, 96), (430, 128), (352, 104), (318, 56)], WATER)
    scene.polygon([(0, 236), (120, 216), (150, 360), (0, 360)], SOIL)
    scene.polygon([(330, 250), (480, 236), (480, 360), (346, 360)], (112, 132, 76))
    scene.polygon([(12, 40), (206, 14), (216, 92), (24, 118)], CONCRETE)


def draw_road(scene, points):
    scene.line(points, ASPHALT, 15)
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        steps = int(math.hypot(x1 - x0, y1 - y0) / 12)
        for step in range(steps):
            a, b = step / steps, (step + 0.5) / steps
            scene.line([(x0 + a * (x1 - x0), y0 + a * (y1 - y0)), (x0 + b * (x1 - x0), y0 + b * (y1 - y0))], WHITE, 0.8)


def draw_roundabout(scene, x, y):
    scene.disc(x, y, 27, ASPHALT)
    scene.disc(x, y, 13, WHITE)
    scene.disc(x, y, 12, darker(GRASS, 0.9))


def draw_plane(scene, x, y, degrees, size):
    fuselage = [(-1.0, -0.08), (0.8, -0.09), (1.0, 0), (0.8, 0.09), (-1.0, 0.08)]
    wings = [(0.25, 0), (-0.35, -0.9), (-0.5, -0.9), (-0.15, 0), (-0.5, 0.9), (-0.35, 0.9)]
    tail = [(-0.7, 0), (-0.98, -0.34), (-1.08, -0.34), (-0.95, 0), (-1.08, 0.34), (-0.98, 0.34)]
    for dx, dy, color in ((*SHADOW, darker(CONCRETE, 0.62)), (0, 0, WHITE)):
        for part in (wings, tail, fuselage):
            scene.placed(x + dx, y + dy, degrees, [(px * size, py * size) for px, py in part], color)


def draw_storage_tank(scene, x, y, radius):
    scene.disc(x + 2 * SHADOW[0], y + 2 * SHADOW[1], radius, darker(GRASS, 0.55))
    scene.disc(x, y, radius, darker(WHITE, 0.84))
    scene.disc(x - 1, y - 1, radius - 2.5, WHITE)
    scene.disc(x + radius * 0.3, y - radius * 0.3, 1.5, CONCRETE)


def draw_building(scene, x, y, width, height, degrees, roof):
    scene.box(x + 2 * SHADOW[0], y + 2 * SHADOW[1], width, height, degrees, darker(GRASS, 0.5))
    scene.box(x, y, width, height, degrees, roof)
    scene.box(x, y + height / 4, width, height / 2, degrees, darker(roof, 0.84))


def draw_pool(scene, x, y, degrees):
    scene.box(x, y, 38, 24, degrees, darker(WHITE, 0.92))
    scene.box(x, y, 32, 18, degrees, POOL)


def draw_tennis_court(scene, x, y, degrees):
    scene.box(x, y, 52, 30, degrees, (74, 120, 92))
    scene.box(x, y, 42, 20, degrees, WHITE)
    for side in (-1, 1):
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        scene.box(x + side * 10.4 * c, y + side * 10.4 * s, 19.4, 18.4, degrees, (172, 96, 70))


def draw_ship(scene, x, y, degrees, length):
    hull = [(-0.5, -0.13), (0.3, -0.14), (0.5, 0), (0.3, 0.14), (-0.5, 0.13)]
    wake = [(-0.5, -0.08), (-1.1, -0.2), (-1.1, 0.2), (-0.5, 0.08)]
    scene.placed(x, y, degrees, [(px * length, py * length) for px, py in wake], (76, 108, 130))
    scene.placed(x + 2, y + 3, degrees, [(px * length, py * length) for px, py in hull], darker(WATER, 0.6))
    scene.placed(x, y, degrees, [(px * length, py * length) for px, py in hull], (150, 60, 52))
    scene.box(x, y, length * 0.5, length * 0.16, degrees, WHITE)


def draw_baseball_field(scene, x, y, size):
    scene.draw.pieslice([(x - size) * SCALE, (y - size) * SCALE, (x + size) * SCALE, (y + size) * SCALE], 225, 315,
                        fill=(92, 142, 70))
    half = size * 0.36
    scene.placed(x, y - half, 45, [(-half / 1.4, -half / 1.4), (half / 1.4, -half / 1.4), (half / 1.4, half / 1.4),
                                   (-half / 1.4, half / 1.4)], (176, 130, 88))
    scene.placed(x, y - half, 45, [(-half / 2.2, -half / 2.2), (half / 2.2, -half / 2.2), (half / 2.2, half / 2.2),
                                   (-half / 2.2, half / 2.2)], (92, 142, 70))


def draw_trees(scene, rng):
    for _ in range(170):
        x, y, radius = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(2.5, 5)
        beside = scene.image.getpixel((min(int(x * SCALE), WIDTH * SCALE - 1), min(int(y * SCALE), HEIGHT * SCALE - 1)))
        if beside == GRASS:
            scene.disc(x + 1.5, y + 2, radius, darker(GRASS, 0.6))
            scene.disc(x, y, radius, (58 + round(rng.uniform(-8, 8)), 88, 50))


def draw_scene(rng):
    scene = Scene()
    draw_ground(scene)
    draw_road(scene, [(-10, 186), (150, 164), (262, 172), (490, 196)])
    draw_road(scene, [(262, 172), (236, 100), (262, -10)])
    draw_road(scene, [(262, 172), (250, 270), (262, 370)])
    draw_roundabout(scene, 262, 172)
    draw_trees(scene, rng)
    draw_plane(scene, 74, 74, -24, 30)
    draw_plane(scene, 158, 60, 156, 25)
    draw_ship(scene, 402, 50, 32, 74)
    for x, y, radius in ((318, 132, 14), (352, 146, 14), (452, 160, 19)):
        draw_storage_tank(scene, x, y, radius)
    for x, y, width, height, degrees in ((186, 212, 40, 26, 6), (198, 262, 34, 28, -8), (192, 320, 44, 26, 4)):
        draw_building(scene, x, y, width, height, degrees, ROOF)
    draw_building(scene, 306, 232, 56, 34, 5, darker(CONCRETE, 0.9))
    draw_pool(scene, 142, 276, -12)
    draw_tennis_court(scene, 306, 300, 84)
    draw_baseball_field(scene, 414, 344, 74)
    return scene.image.resize((WIDTH, HEIGHT), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(0.6))


def add_texture(image, rng):
    """The unevenness of real ground, and the noise of a sensor."""
    pixels = np.asarray(image, dtype=np.float32)
    light = 1 + 0.05 * smooth_noise(rng, 60) + 0.035 * smooth_noise(rng, 9)
    pixels = pixels * light[:, :, None] + 2.0 * rng.normal(size=(HEIGHT, WIDTH, 1))
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def main():
    default = pathlib.Path(__file__).parent.parent / "docs/demo/scene.png"
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    rng = np.random.default_rng(20)
    image = add_texture(draw_scene(rng), rng)
    out.parent.mkdir(parents=True, exist_ok=True)
    image.save(out, optimize=True)
    print(f"{out}: {image.width} x {image.height}, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
