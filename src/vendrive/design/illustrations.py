"""Side views of the cars, drawn from the numbers in `silhouettes`: SVG text, no picture files, no maker's marks.

One unit of the drawing is ten millimetres and every car stands on the same ground, so that sizes compare honestly.
The nose points left. The cars are recognisable by proportion only.
"""

from functools import lru_cache
from html import escape

from vendrive.design.colour import channels, darken, lighten, luminance, mix
from vendrive.design.lamps import draw_lamps
from vendrive.design.outline import (
    GROUND,
    TALLEST,
    WIDTH,
    Frame,
    arch_half,
    body_path,
    curve,
    glass_path,
    screen_angle,
    trace,
    upper_nodes,
)
from vendrive.design.silhouettes import BODIES, CARS, Car
from vendrive.design.wheels import draw_wheel


@lru_cache(maxsize=512)
def draw_car(slug: str, paint: str) -> str:
    """The car as one `<svg>`. KeyError for a slug that has no silhouette, ValueError unless paint is `#rrggbb`."""
    car = CARS[slug]
    return _draw(car, paint, slug, car.name)


@lru_cache(maxsize=512)
def draw_any_car(slug: str, body: str, name: str, paint: str) -> str:
    """The car of `slug`, or where it has no silhouette any car of its body type (else a sedan), called `name`.

    ValueError unless paint is `#rrggbb`.
    """
    if slug in CARS:
        return draw_car(slug, paint)
    body = body if body in BODIES else "sedan"
    return _draw(BODIES[body], paint, f"any-{body}", name)


def _draw(car: Car, paint: str, name: str, title: str) -> str:
    channels(paint)
    frame = Frame(car)
    key = f"{name}-{paint[1:].lower()}"
    layers = (
        _defs(frame, paint, key),
        _shadow(frame, key),
        _underbody(frame),
        _body(frame, paint, key),
        _greenhouse(frame, paint, key),
        _lines(frame, paint),
        _edge(frame, paint),
        _trim(frame, paint),
        _lamps(frame, key),
        *(draw_wheel(x, GROUND - frame.radius, frame.radius, car.spokes, key) for x in frame.axles),
    )
    return (
        f'<svg class="car-art" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {TALLEST}" role="img">'
        f"<title>{escape(title)}</title>{''.join(layers)}</svg>"
    )


def _defs(frame: Frame, paint: str, key: str) -> str:
    top, belt = frame.y(1), frame.y(frame.car.profile.belt[0])
    stops = (
        (0, lighten(paint, 0.42)),
        (0.30, lighten(paint, 0.16)),
        (0.40, lighten(paint, 0.30)),
        (0.52, paint),
        (0.72, darken(paint, 0.24)),
        (0.80, darken(paint, 0.12)),
        (1, darken(paint, 0.48)),
    )
    paint_stops = "".join(f'<stop offset="{at}" stop-color="{colour}"/>' for at, colour in stops)
    return (
        f'<defs><linearGradient id="p-{key}" gradientUnits="userSpaceOnUse" x1="0" y1="{top:.1f}" x2="0" '
        f'y2="{frame.sill:.1f}">{paint_stops}</linearGradient>'
        f'<linearGradient id="g-{key}" gradientUnits="userSpaceOnUse" x1="{frame.x(0.3):.1f}" y1="{top:.1f}" '
        f'x2="{frame.x(0.48):.1f}" y2="{belt + 30:.1f}"><stop offset="0" stop-color="#5b6b7a"/>'
        '<stop offset="0.5" stop-color="#27313b"/><stop offset="1" stop-color="#11161c"/></linearGradient>'
        f'<radialGradient id="s-{key}"><stop offset="0" stop-color="#000" stop-opacity="0.55"/>'
        '<stop offset="0.65" stop-color="#000" stop-opacity="0.28"/>'
        '<stop offset="1" stop-color="#000" stop-opacity="0"/></radialGradient>'
        f'<linearGradient id="r-{key}" x1="0" y1="0" x2="0.6" y2="1"><stop offset="0" stop-color="#f3f5f7"/>'
        '<stop offset="0.5" stop-color="#b4bac1"/><stop offset="1" stop-color="#6d747c"/></linearGradient>'
        f'<clipPath id="b-{key}"><path d="{body_path(frame)}"/></clipPath>'
        f'<clipPath id="w-{key}"><path d="{glass_path(frame)}"/></clipPath></defs>'
    )


def _shadow(frame: Frame, key: str) -> str:
    half = frame.car.length_mm / 20
    return f'<ellipse cx="{WIDTH / 2}" cy="{GROUND + 1}" rx="{half + 14:.1f}" ry="9" fill="url(#s-{key})"/>'


def _underbody(frame: Frame) -> str:
    front, rear = frame.axles
    y = frame.sill - 26
    wells = "".join(
        f'<circle cx="{x:.1f}" cy="{GROUND - frame.radius:.1f}" r="{frame.radius + 5:.1f}" fill="#08090b"/>'
        for x in frame.axles
    )
    floor = (
        f'<path d="M{front - 30:.1f} {y:.1f}H{rear + 30:.1f}V{frame.sill + 3:.1f}H{front - 30:.1f}Z" fill="#0d0f12"/>'
    )
    x1, x2, low = frame.x(0.05), frame.x(0.95), frame.sill
    clip = f'<path d="{trace("M", x1, low - 6, "H", x2, "V", low + 2, "H", x1, "Z")}" fill="#0d0f12"/>'
    return floor + clip + wells


def _body(frame: Frame, paint: str, key: str) -> str:
    """The painted body: a vertical shade, light caught along the shoulder, and the hollow of the lower doors."""
    shape = frame.car.profile
    shoulder = frame.y(shape.belt[0] - 0.085)
    hollow_y, sill = frame.y(0.33), frame.sill
    front, rear = frame.axles
    a, b, y = front + 30, rear - 30, hollow_y
    hollow = trace("M", a, y - 2, "C", a + 60, y + 10, b - 60, y + 10, b, y - 12, "V", sill, "H", a, "Z")
    x0, x1, x2, x3 = (frame.x(share) for share in (-0.01, 0.25, 0.7, 1.01))
    y = shoulder
    above = trace("M", x0, y + 7, "C", x1, y - 4, x2, y - 6, x3, y - 12)
    below = trace("L", x3, y - 5, "C", x2, y + 1, x1, y + 2, x0, y + 12, "Z")
    return (
        f'<path d="{body_path(frame)}" fill="url(#p-{key})"/>'
        f'<g clip-path="url(#b-{key})"><path d="{above}{below}" fill="#fff" fill-opacity="0.26"/>'
        f'<path d="{hollow}" fill="{darken(paint, 0.75)}" fill-opacity="0.16"/></g>'
    )


def _greenhouse(frame: Frame, paint: str, key: str) -> str:
    """Dark glass with a reflection, the pillar between the doors, the windscreen's edge and the rear glass."""
    shape = frame.car.profile
    top, belt = frame.y(0.99), frame.y(shape.belt[0] - 0.03)
    pillar = _pillar(frame)
    gleam = (
        f"M{pillar - 62:.1f} {belt:.1f}L{pillar - 18:.1f} {top:.1f}H{pillar - 2:.1f}L{pillar - 46:.1f} {belt:.1f}Z"
        f"M{pillar - 38:.1f} {belt:.1f}L{pillar + 6:.1f} {top:.1f}H{pillar + 11:.1f}L{pillar - 33:.1f} {belt:.1f}Z"
    )
    posts = f'<path d="M{pillar:.1f} {belt:.1f}L{pillar + 5:.1f} {top:.1f}" stroke="#0a0c0f" stroke-width="5"/>'
    if frame.car.doors == 4:
        quarter = frame.x(shape.glass_end[0] - 0.058)
        posts += (
            f'<path d="M{quarter:.1f} {belt:.1f}L{quarter - 9:.1f} {top:.1f}" stroke="#0a0c0f" stroke-width="2.4"/>'
        )
    glass = glass_path(frame)
    frame_colour = mix("#20262c", paint, 0.12)
    return (
        f"{_black_roof(frame, key)}{_screens(frame)}"
        f'<path d="{glass}" fill="url(#g-{key})" stroke="{frame_colour}" stroke-width="2.2"/>'
        f'<g clip-path="url(#w-{key})">{posts}<path d="{gleam}" fill="#fff" fill-opacity="0.10"/></g>'
        f'<path d="{glass}" fill="none" stroke="#fff" stroke-opacity="0.22" stroke-width="0.6"/>'
    )


def _edge(frame: Frame, paint: str) -> str:
    """A thin rim, dark on light paint and light on dark paint, so that no car sinks into its page."""
    colour, strength = (lighten(paint, 0.62), 0.6) if luminance(paint) < 0.05 else (darken(paint, 0.4), 0.5)
    if frame.car.black_roof:
        colour, strength = "#8b939b", 0.6
    return (
        f'<path d="{curve(upper_nodes(frame))}" fill="none" stroke="{colour}" '
        f'stroke-opacity="{strength}" stroke-width="0.9"/>'
    )


def _pillar(frame: Frame) -> float:
    """Where the front door ends."""
    front, rear = frame.axles
    return front + (rear - front) * (0.66 if frame.car.doors == 2 else 0.53)


def _screens(frame: Frame) -> str:
    """Slivers of windscreen and rear window, as they show from the side."""
    shape = frame.car.profile
    rake = screen_angle(frame)
    front = curve(
        [frame.node((shape.cowl[0] + 0.006, shape.cowl[1] + 0.014), rake + 2), frame.node(shape.screen_top, rake - 9)]
    )
    sliver = f'<path d="{front}" fill="none" stroke="#1b2229" stroke-width="2.2" stroke-linecap="round"/>'
    if not frame.car.rear_glass:
        return sliver
    angle = shape.roof_end_angle - 4
    back = curve([frame.node(shape.roof_end, angle), frame.node(shape.deck, shape.deck_angles[0])])
    return f'{sliver}<path d="{back}" fill="none" stroke="#1b2229" stroke-width="2.4" stroke-linecap="round"/>'


def _black_roof(frame: Frame, key: str) -> str:
    if not frame.car.black_roof:
        return ""
    shape = frame.car.profile
    start, end = frame.x(shape.cowl[0] + 0.04), frame.x(shape.deck[0] + 0.02)
    low = frame.y(shape.belt[0] + 0.12)
    return (
        f'<g clip-path="url(#b-{key})"><path d="M{start:.1f} {low:.1f}L{frame.x(shape.screen_top[0] - 0.02):.1f} '
        f'{frame.y(1.05):.1f}H{end:.1f}V{low - 10:.1f}Z" fill="#14181c"/></g>'
    )


def _lines(frame: Frame, paint: str) -> str:
    """Shut lines, handles and the mirror."""
    shape = frame.car.profile
    ink = darken(paint, 0.62) if luminance(paint) > 0.03 else "#000000"
    front, rear = frame.axles
    pillar, top, low = _pillar(frame), frame.y(shape.belt[0] + 0.005), frame.sill - 7
    hinge = front + frame.radius + 15
    start = frame.x(shape.cowl[0] + 0.052)
    doors = trace("M", start, top, "C", hinge - 6, top + 18, hinge, low - 30, hinge + 1, low, "H", pillar - 1)
    doors += trace("C", pillar + 1, low - 24, pillar + 1, top + 20, pillar, top)
    if frame.car.doors == 4:
        end = rear - frame.radius - 9
        doors += (
            f"M{pillar:.1f} {low:.1f}H{end:.1f}C{end + 3:.1f} {low - 22:.1f} {end + 26:.1f} {low - 30:.1f} "
            f"{end + 30:.1f} {frame.y(shape.belt[1]):.1f}"
        )
    return (
        f'<path d="{doors}" fill="none" stroke="{ink}" stroke-opacity="0.6" stroke-width="0.9"/>'
        f"{_handles(frame, ink)}{_mirror(frame, paint)}"
    )


def _handles(frame: Frame, ink: str) -> str:
    y = frame.y(frame.car.profile.belt[0] - 0.105)
    _, rear = frame.axles
    places = [_pillar(frame) - 21]
    if frame.car.doors == 4:
        places.append(rear - frame.radius - 11)
    return "".join(
        f'<rect x="{x:.1f}" y="{y - 1:.1f}" width="15" height="2.6" rx="1.3" fill="{ink}" fill-opacity="0.55"/>'
        f'<rect x="{x:.1f}" y="{y - 1.6:.1f}" width="15" height="1.1" rx="0.5" fill="#fff" fill-opacity="0.5"/>'
        for x in places
    )


def _mirror(frame: Frame, paint: str) -> str:
    shape = frame.car.profile
    x, y = frame.x(shape.cowl[0] + 0.068), frame.y(shape.belt[0] + 0.005)
    shell = "#14181c" if frame.car.black_roof else lighten(paint, 0.12)
    return (
        f'<path d="M{x:.1f} {y:.1f}c-4 -1 -7 -6 -5 -9c3 -3 11 -3 13 -1c2 3 1 7 -1 9z" fill="{shell}" '
        f'stroke="{darken(paint, 0.6)}" stroke-opacity="0.6" stroke-width="0.7"/>'
    )


def _trim(frame: Frame, paint: str) -> str:
    """The dark sill, arch cladding and roof rails of a car made for rough roads."""
    front, rear = frame.axles
    depth = 9 if frame.car.cladding else 3.5
    start, end = front + frame.radius + 4, rear - frame.radius - 4
    parts = [
        f'<path d="M{start:.1f} {frame.sill - depth:.1f}H{end:.1f}V{frame.sill + 1:.1f}H{start:.1f}Z" fill="#14171b"/>'
    ]
    if frame.car.cladding:
        arch = frame.radius + 6.5
        half = arch_half(frame, arch)
        parts += [
            f'<path d="M{x - half:.1f} {frame.sill:.1f}A{arch:.1f} {arch:.1f} 0 1 1 {x + half:.1f} {frame.sill:.1f}" '
            'fill="none" stroke="#14171b" stroke-width="4.6"/>'
            for x in frame.axles
        ]
    if frame.car.rails:
        parts.append(_rails(frame))
    return "".join(parts)


def _rails(frame: Frame) -> str:
    shape = frame.car.profile
    start, end = frame.x(shape.screen_top[0] + 0.05), frame.x(shape.roof_end[0] - 0.05)
    peak, last = frame.y(1.016), frame.y(shape.roof_end[1] + 0.022)
    rail = trace("M", start, frame.y(0.985), "Q", frame.x(shape.peak), peak, end, last)
    return f'<path d="{rail}" fill="none" stroke="#9aa2aa" stroke-width="2" stroke-linecap="round"/>'


def _lamps(frame: Frame, key: str) -> str:
    shape = frame.car.profile
    front = frame.x(shape.bonnet[0]) - 6, frame.y(shape.bonnet[1]) + 1
    rear = frame.x(shape.tail[0]), frame.y(shape.tail[1]) + 2
    return f'<g clip-path="url(#b-{key})">{draw_lamps(frame.car.lamp, front, rear)}</g>'
