"""A road wheel seen from the side."""

import math


def draw_wheel(x: float, y: float, radius: float, spokes: int, key: str) -> str:
    """Tyre, disc and rim around (x, y); `key` names the gradient `r-<key>` of the drawing it stands in."""
    rim = radius * 0.735
    return (
        f'<g><circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="#15171a"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius - 1.6:.1f}" fill="none" stroke="#3a3f45" stroke-width="0.8"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{rim:.1f}" fill="#23272c"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{rim * 0.62:.1f}" fill="#4a5057"/>'
        f'<g fill="url(#r-{key})">{_spokes(x, y, rim, spokes)}</g>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{rim - 0.9:.1f}" fill="none" stroke="url(#r-{key})" stroke-width="2.2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{rim * 0.2:.1f}" fill="#d5dade"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{rim * 0.1:.1f}" fill="#5c646c"/></g>'
    )


def _spokes(x: float, y: float, rim: float, count: int) -> str:
    """Tapered spokes; few spokes are broad, many are fine."""
    broad = rim * math.pi / count * 0.42
    slim = broad * 0.62
    blade = f"M{-broad:.1f} {-rim * 0.97:.1f}L{broad:.1f} {-rim * 0.97:.1f}L{slim:.1f} {rim * 0.05:.1f}H{-slim:.1f}Z"
    return "".join(
        f'<path d="{blade}" transform="translate({x:.1f} {y:.1f}) rotate({360 / count * turn:.1f})"/>'
        for turn in range(count)
    )
