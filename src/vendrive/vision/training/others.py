"""Pictures without a car, drawn by rule: what the gate learns to say no to. No photo, no asset, only numbers.

Two draws of one seed are equal; training and measurement take other seeds.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Draw = np.random.Generator
SIDE_PX = 320
_WORDS: tuple[str, ...] = (
    "invoice",
    "contract",
    "name",
    "address",
    "total",
    "date",
    "number",
    "signed",
    "page",
    "order",
    "item",
    "price",
    "delivery",
    "account",
    "city",
)


def picture(group: str, seed: int, side_px: int = SIDE_PX) -> Image.Image:
    """A picture of one of `GROUPS`. KeyError for another name."""
    draw = np.random.default_rng([seed, *group.encode()])
    image = GROUPS[group](draw)
    if group not in ("noise", "gradient") and draw.random() < 0.7:
        image = _as_taken(image, draw)
    return image.resize((side_px, side_px), Image.Resampling.BILINEAR)


def _as_taken(image: Image.Image, draw: Draw) -> Image.Image:
    """Light from one side, a little noise, a little blur: less like a drawing."""
    pixels = np.asarray(image, dtype=np.float32)
    shade = 1 + (_cloud(draw, image.height, image.width, int(draw.integers(2, 5))) - 0.5) * draw.uniform(0.2, 0.9)
    grain = draw.normal(0, draw.uniform(1, 12), pixels.shape)
    taken = Image.fromarray(np.clip(pixels * shade[..., None] + grain, 0, 255).astype(np.uint8))
    return taken.filter(ImageFilter.GaussianBlur(float(draw.uniform(0, 1.4))))


def _cloud(draw: Draw, height: int, width: int, cells: int) -> NDArray[np.float32]:
    """Smooth noise, 0 to 1."""
    small = Image.fromarray((draw.random((cells, cells)) * 255).astype(np.uint8))
    return np.asarray(np.asarray(small.resize((width, height), Image.Resampling.BICUBIC)) / 255, dtype=np.float32)


def _texture(draw: Draw) -> Image.Image:
    """Stone, leaves, asphalt: noise of several sizes in one tone."""
    sizes = (4, 11, 33, 90, SIDE_PX)
    weights = draw.dirichlet(np.ones(len(sizes)) * 0.8)
    grey = sum(weight * _cloud(draw, SIDE_PX, SIDE_PX, size) for weight, size in zip(weights, sizes, strict=True))
    tones = draw.uniform(20, 235, (2, 3))
    return Image.fromarray((tones[0] + np.asarray(grey)[..., None] * (tones[1] - tones[0])).astype(np.uint8))


def _tone(draw: Draw, low: int = 20, high: int = 240) -> tuple[int, int, int]:
    grey, tint = draw.integers(low, high), draw.normal(0, 25, 3)
    red, green, blue = (int(np.clip(grey + one, 0, 255)) for one in tint)
    return red, green, blue


def _scene(draw: Draw) -> tuple[Image.Image, ImageDraw.ImageDraw, int]:
    """Sky, perhaps houses and trees, a road: the picture, its pen, and where the road begins."""
    ground = int(SIDE_PX * draw.uniform(0.45, 0.75))
    image = _texture(draw) if draw.random() < 0.5 else Image.new("RGB", (SIDE_PX, SIDE_PX), _tone(draw, 120, 250))
    pen = ImageDraw.Draw(image)
    for _ in range(int(draw.integers(0, 7))):
        _house(pen, draw, ground)
    for _ in range(int(draw.integers(0, 5))):
        _tree(pen, draw, ground)
    road = _texture(draw).crop((0, ground, SIDE_PX, SIDE_PX))
    image.paste(Image.blend(road, Image.new("RGB", road.size, _tone(draw, 60, 160)), 0.7), (0, ground))
    return image, ImageDraw.Draw(image), ground


def _house(pen: ImageDraw.ImageDraw, draw: Draw, ground: int) -> None:
    left, wide = int(draw.integers(-40, SIDE_PX)), int(draw.integers(40, 170))
    high = int(draw.integers(50, max(60, ground)))
    pen.rectangle((left, ground - high, left + wide, ground), fill=_tone(draw))
    if draw.random() < 0.4:
        pen.polygon(
            [(left, ground - high), (left + wide, ground - high), (left + wide / 2, ground - high - 40)], _tone(draw)
        )
    glass, step = _tone(draw), int(draw.integers(14, 34))
    for x in range(left + 6, left + wide - step // 2, step):
        for y in range(ground - high + 8, ground - step, step):
            pen.rectangle((x, y, x + step * 0.55, y + step * 0.65), fill=glass)


def _tree(pen: ImageDraw.ImageDraw, draw: Draw, ground: int) -> None:
    x, high = int(draw.integers(0, SIDE_PX)), int(draw.integers(40, 160))
    pen.rectangle((x - 4, ground - high, x + 4, ground), fill=(80, 60, 40))
    for _ in range(12):
        dx, dy, size = draw.normal(0, 18), draw.normal(0, 18), draw.uniform(8, 26)
        leaf = (int(draw.integers(20, 90)), int(draw.integers(70, 160)), int(draw.integers(20, 80)))
        pen.ellipse((x + dx - size, ground - high + dy - size, x + dx + size, ground - high + dy + size), fill=leaf)


def _street(draw: Draw) -> Image.Image:
    image, pen, ground = _scene(draw)
    middle, spread = draw.uniform(0.2, 0.8) * SIDE_PX, draw.uniform(60, 300)
    pen.polygon(
        [(middle - 6, ground), (middle + 6, ground), (middle + spread, SIDE_PX), (middle - spread, SIDE_PX)],
        _tone(draw, 50, 120),
    )
    for at in np.linspace(0, 1, int(draw.integers(3, 9)))[:-1]:
        y = ground + at**1.6 * (SIDE_PX - ground)
        pen.rectangle((middle - 2 - 5 * at, y, middle + 2 + 5 * at, y + 4 + 18 * at), fill=(225, 225, 215))
    for _ in range(int(draw.integers(0, 4))):
        _person(pen, draw, ground)
    for _ in range(int(draw.integers(0, 3))):
        x = int(draw.integers(0, SIDE_PX))
        pen.line((x, ground + 20, x, ground - 130, x + 20, ground - 138), fill=_tone(draw, 30, 120), width=4)
    return image


def _person(pen: ImageDraw.ImageDraw, draw: Draw, ground: int) -> None:
    x, high = draw.integers(0, SIDE_PX), draw.uniform(30, 120)
    foot = ground + high * 0.4
    pen.ellipse((x - high * 0.08, foot - high, x + high * 0.08, foot - high * 0.83), fill=_tone(draw, 90, 220))
    pen.rectangle((x - high * 0.13, foot - high * 0.83, x + high * 0.13, foot - high * 0.45), fill=_tone(draw))
    pen.rectangle((x - high * 0.1, foot - high * 0.45, x + high * 0.1, foot), fill=_tone(draw))


def _wheel(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, rim: tuple[int, int, int]) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(25, 25, 27))
    pen.ellipse((x - radius * 0.55, y - radius * 0.55, x + radius * 0.55, y + radius * 0.55), fill=rim)
    pen.ellipse((x - radius * 0.15, y - radius * 0.15, x + radius * 0.15, y + radius * 0.15), fill=(60, 60, 60))


def _truck(draw: Draw) -> Image.Image:
    """From the side: a cab before a box, a tank, a tipper or nothing, on three to six wheels."""
    image, pen, ground = _scene(draw)
    foot, radius = ground + draw.uniform(15, 60), draw.uniform(13, 22)
    left, right, high = draw.uniform(2, 40), SIDE_PX - draw.uniform(2, 40), draw.uniform(80, 170)
    cab, paint, load = left + draw.uniform(50, 90), _tone(draw), _tone(draw)
    base = foot - radius
    pen.rectangle((left, base - 8, right, base + 4), fill=(40, 40, 45))
    cab_top = base - high * draw.uniform(0.75, 1.05)
    pen.polygon([(left, base), (left + draw.uniform(0, 14), cab_top), (cab, cab_top), (cab, base)], fill=paint)
    pen.rectangle((left + 14, cab_top + 12, cab - 10, cab_top + high * 0.35), fill=_tone(draw, 30, 90))
    box, kind = (cab + draw.uniform(3, 14), base - high, right, base - 8), draw.integers(4)
    if kind == 0:
        pen.rounded_rectangle((box[0], box[1] + 30, box[2], box[3]), radius=34, fill=load)
    elif kind == 1:
        pen.polygon(
            [(box[0], box[1] + 50), (box[2] + 8, box[1] + 40), (box[2] - 14, box[3]), (box[0] + 8, box[3])], load
        )
    else:
        pen.rectangle(box, fill=load, outline=_tone(draw))
        for x in np.arange(box[0], box[2], draw.uniform(10, 60)):
            pen.line((x, box[1], x, box[3]), fill=_tone(draw, 60, 180))
    spots = [left + 32, *(right - 22 - at * 2.2 * radius for at in range(int(draw.integers(2, 5))))]
    for x in spots:
        _wheel(pen, x, base + 6, radius, _tone(draw, 60, 200))
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if draw.random() < 0.5 else image


def _bus(draw: Draw) -> Image.Image:
    image, pen, ground = _scene(draw)
    foot, high, radius = ground + draw.uniform(15, 60), draw.uniform(90, 170), draw.uniform(13, 20)
    left, right = draw.uniform(-30, 30), SIDE_PX - draw.uniform(-30, 30)
    base, paint, glass = foot - radius, _tone(draw), _tone(draw, 30, 110)
    pen.rounded_rectangle((left, base - high, right, base + 6), radius=10, fill=paint)
    rows = (0.12,) if draw.random() < 0.6 else (0.08, 0.5)
    for row in rows:
        for x in np.arange(left + 8, right - 24, draw.uniform(26, 44)):
            pen.rectangle((x, base - high * (1 - row), x + 22, base - high * (1 - row) + high * 0.3), fill=glass)
    for x in (left + 50, right - 60):
        _wheel(pen, x, base + 6, radius, _tone(draw, 60, 200))
    return image


def _motorbike(draw: Draw) -> Image.Image:
    """Two wheels, a frame, a tank, a seat, a bar; a bicycle when thin; somebody on it now and then."""
    image, pen, ground = _scene(draw)
    radius, foot = draw.uniform(35, 62), ground + draw.uniform(20, 70)
    centre, gap, y = SIDE_PX * draw.uniform(0.4, 0.6), draw.uniform(1.4, 1.9), foot - 40
    back, front = centre - radius * gap, centre + radius * gap
    thin, metal, paint = draw.random() < 0.35, _tone(draw, 30, 160), _tone(draw)
    for x in (back, front):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=(20, 20, 22), width=3 if thin else 12)
        for turn in np.arange(0, np.pi, np.pi / 5):
            dx, dy = radius * np.cos(turn), radius * np.sin(turn)
            pen.line((x - dx, y - dy, x + dx, y + dy), fill=metal, width=1)
    head, seat = (front - radius * 0.5, y - radius * 1.25), (back + radius * 0.8, y - radius * 1.05)
    bones = [
        (back, y, centre, y),
        (centre, y, *head),
        (*seat, *head),
        (back, y, *seat),
        (centre, y, *seat),
        (front, y, *head),
    ]
    for bone in bones:
        pen.line(bone, fill=metal, width=4 if thin else 9)
    if not thin:
        pen.ellipse(
            (centre - radius * 0.5, y - radius * 0.7, centre + radius * 0.6, y + radius * 0.25),
            fill=_tone(draw, 60, 190),
        )
        pen.polygon(
            [seat, head, (centre + radius * 0.7, y - radius * 0.8), (centre - radius * 0.2, y - radius * 0.8)],
            fill=paint,
        )
    pen.ellipse((seat[0] - radius * 0.6, seat[1] - 9, seat[0] + radius * 0.5, seat[1] + 6), fill=(25, 22, 22))
    pen.line((head[0] - 18, head[1] - 14, head[0] + 4, head[1] - 4), fill=metal, width=5)
    if draw.random() < 0.4:
        pen.line((seat[0], seat[1], centre, seat[1] - radius * 1.3, *head), fill=_tone(draw), width=20)
        pen.ellipse((centre - 16, seat[1] - radius * 1.9, centre + 16, seat[1] - radius * 1.3), fill=_tone(draw))
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if draw.random() < 0.5 else image


def _document(draw: Draw) -> Image.Image:
    """A page of text, a receipt or a screen, lying on something."""
    image = _texture(draw)
    page = Image.new(
        "RGB", (SIDE_PX - int(draw.integers(0, 160)), SIDE_PX - int(draw.integers(0, 60))), _tone(draw, 215, 253)
    )
    pen, ink, size = ImageDraw.Draw(page), _tone(draw, 0, 90), int(draw.integers(8, 22))
    font = ImageFont.load_default(size)
    for y in range(8, page.height - size, int(size * 1.5)):
        line = " ".join(str(draw.choice(_WORDS)) for _ in range(int(draw.integers(0, 9))))
        pen.text((10, y), line + (f" {draw.integers(10**6)}" if draw.random() < 0.3 else ""), fill=ink, font=font)
    if draw.random() < 0.5:
        left, top = (int(draw.integers(0, 150)) for _ in range(2))
        for x in range(0, 90, 18):
            pen.rectangle((left, top + x, left + 120, top + x + 18), outline=ink)
    turned = page.rotate(float(draw.normal(0, 12)), expand=True, fillcolor=_tone(draw))
    image.paste(turned, (int(draw.integers(-20, 60)), int(draw.integers(-20, 40))))
    return image


def _drawing(draw: Draw) -> Image.Image:
    """Lines and shapes without meaning, outlined or filled."""
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), _tone(draw, 150, 255))
    pen = ImageDraw.Draw(image)
    for _ in range(int(draw.integers(3, 40))):
        a, b = np.sort(draw.uniform(-20, SIDE_PX + 20, (2, 2)), axis=0)
        fill = _tone(draw) if draw.random() < 0.5 else None
        edge, width = _tone(draw, 0, 160), int(draw.integers(1, 6))
        kind = draw.integers(4)
        if kind == 0:
            pen.ellipse((*a, *b), fill=fill, outline=edge, width=width)
        elif kind == 1:
            pen.rectangle((*a, *b), fill=fill, outline=edge, width=width)
        elif kind == 2:
            pen.line([tuple(point) for point in draw.uniform(0, SIDE_PX, (6, 2))], fill=edge, width=width)
        else:
            pen.polygon([tuple(point) for point in draw.uniform(0, SIDE_PX, (3, 2))], fill=fill, outline=edge)
    return image


def _gradient(draw: Draw) -> Image.Image:
    ys, xs = np.mgrid[0 : 1 : SIDE_PX * 1j, 0 : 1 : SIDE_PX * 1j]
    turn = draw.uniform(0, 2 * np.pi)
    share = np.clip(0.5 + (xs - 0.5) * np.cos(turn) + (ys - 0.5) * np.sin(turn), 0, 1)[..., None]
    tones = draw.uniform(0, 255, (2, 3)) * (1 if draw.random() < 0.7 else 0.15)
    return Image.fromarray((tones[0] + share * (tones[1] - tones[0])).astype(np.uint8))


def _noise(draw: Draw) -> Image.Image:
    grain = int(draw.choice([SIDE_PX, SIDE_PX // 2, 64, 24, 10]))
    pixels = draw.integers(0, 256, (grain, grain, 1 if draw.random() < 0.3 else 3)).astype(np.uint8)
    image = Image.fromarray(np.broadcast_to(pixels, (grain, grain, 3)).copy())
    way = Image.Resampling.BICUBIC if draw.random() < 0.6 else Image.Resampling.NEAREST
    return image.resize((SIDE_PX, SIDE_PX), way).filter(ImageFilter.GaussianBlur(float(draw.choice([0, 0, 2, 6]))))


GROUPS: dict[str, Callable[[Draw], Image.Image]] = {
    "street": _street,
    "texture": _texture,
    "truck": _truck,
    "bus": _bus,
    "motorbike": _motorbike,
    "document": _document,
    "drawing": _drawing,
    "gradient": _gradient,
    "noise": _noise,
}
