"""Plots as SVG, drawn with a page's own colours, so that they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

_WIDTH, _HEIGHT, _EDGE = 360, 200, 34
_BINS = 48


def histogram(
    series: Sequence[tuple[str, Sequence[float]]],
    label: str,
    low: float,
    high: float,
    marks: Iterable[float] = (),
) -> str:
    """Shares of values between two bounds, one bar a bin and series; what lies beyond is in the
    outermost bins. `marks` are vertical lines."""
    bars: list[str] = []
    for number, (name, values) in enumerate(series):
        counts = _counts(values, low, high)
        top = max((max(_counts(v, low, high), default=0.0) for _, v in series), default=0.0) or 1.0
        width = (_WIDTH - 2 * _EDGE) / _BINS
        for place, share in enumerate(counts):
            height = share / top * (_HEIGHT - 2 * _EDGE)
            bars.append(
                f'<rect class="s{number}" x="{_EDGE + place * width:.1f}"'
                f' y="{_HEIGHT - _EDGE - height:.1f}" width="{width:.1f}" height="{height:.1f}">'
                f"<title>{escape(name)}: {100 * share:.1f} %</title></rect>"
            )
    lines = "".join(
        f'<line class="mark" x1="{_x(mark, low, high):.1f}" x2="{_x(mark, low, high):.1f}"'
        f' y1="{_EDGE}" y2="{_HEIGHT - _EDGE}"/>'
        for mark in marks
    )
    return _figure("".join(bars) + lines, label, low, high)


def scatter(series: Sequence[tuple[str, Sequence[tuple[float, float]]]], label: str) -> str:
    """Points, and the diagonal on which both sides agree."""
    values = [value for _, points in series for point in points for value in point]
    low, high = (min(values), max(values)) if values else (-1.0, 0.0)
    dots = "".join(
        f'<circle class="s{number}" r="1.6" cx="{_x(x, low, high):.1f}"'
        f' cy="{_y(y, low, high):.1f}"/>'
        for number, (_, points) in enumerate(series)
        for x, y in points
    )
    diagonal = (
        f'<line class="mark" x1="{_EDGE}" y1="{_HEIGHT - _EDGE}"'
        f' x2="{_WIDTH - _EDGE}" y2="{_EDGE}"/>'
    )
    return _figure(diagonal + dots, label, low, high)


def bars(series: Sequence[tuple[str, float]], label: str) -> str:
    """One bar a name, with its number."""
    top = max((value for _, value in series), default=0.0) or 1.0
    width = (_WIDTH - 2 * _EDGE) / max(len(series), 1)
    drawn = "".join(
        f'<rect class="s{number % 2}" x="{_EDGE + number * width + 8:.1f}"'
        f' y="{_HEIGHT - _EDGE - value / top * (_HEIGHT - 2 * _EDGE):.1f}"'
        f' width="{width - 16:.1f}" height="{value / top * (_HEIGHT - 2 * _EDGE):.1f}"/>'
        f'<text x="{_EDGE + (number + 0.5) * width:.1f}" y="{_HEIGHT - _EDGE + 14}">'
        f"{escape(name)}: {value:g}</text>"
        for number, (name, value) in enumerate(series)
    )
    return _svg(drawn, label)


def _counts(values: Sequence[float], low: float, high: float) -> list[float]:
    counts = [0.0] * _BINS
    for value in values:
        place = int((value - low) / (high - low) * _BINS) if math.isfinite(value) else _BINS
        counts[min(max(place, 0), _BINS - 1)] += 1 / len(values)
    return counts


def _x(value: float, low: float, high: float) -> float:
    return _EDGE + (value - low) / ((high - low) or 1.0) * (_WIDTH - 2 * _EDGE)


def _y(value: float, low: float, high: float) -> float:
    return _HEIGHT - _EDGE - (value - low) / ((high - low) or 1.0) * (_HEIGHT - 2 * _EDGE)


def _figure(inner: str, label: str, low: float, high: float) -> str:
    ends = (
        f'<text x="{_EDGE}" y="{_HEIGHT - _EDGE + 14}">{low:.3g}</text>'
        f'<text x="{_WIDTH - _EDGE}" y="{_HEIGHT - _EDGE + 14}">{high:.3g}</text>'
    )
    return _svg(inner + ends, label)


def _svg(inner: str, label: str) -> str:
    axis = (
        f'<line class="axis" x1="{_EDGE}" x2="{_WIDTH - _EDGE}"'
        f' y1="{_HEIGHT - _EDGE}" y2="{_HEIGHT - _EDGE}"/>'
    )
    return (
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{axis}{inner}</svg><figcaption>{escape(label)}</figcaption></figure>"
    )
