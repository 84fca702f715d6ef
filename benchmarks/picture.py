"""A picture of rules beside each other: wrong and missed in 100,000, on a scale of powers of ten, as SVG.

It is read without colour: a filled circle is wrong, a hollow square is missed, both with their number written beside
them; the whole is said in words in `desc`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from math import isnan, log10
from typing import NamedTuple

Interval = tuple[float, float, float]
"""A value with the ends of its interval; ends that are not known are NaN."""
WIDTH, LEFT, RIGHT, TOP, STEP = 860.0, 190.0, 40.0, 84.0, 46.0
LEAST, MOST = 0.01, 100_000.0
_STYLE = """
.rules { --ink: #16181d; --soft: #5b616e; --paper: #ffffff; font: 12px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { .rules { --ink: #eceef2; --soft: #a4abb8; --paper: #14161a; } }
.rules text { fill: var(--ink); }
.rules .soft { fill: var(--soft); }
.rules .title { font-size: 15px; font-weight: 600; }
.rules .paper { fill: var(--paper); }
.rules .grid { stroke: var(--soft); stroke-width: 0.4; }
.rules .limit { stroke: var(--ink); stroke-width: 1.4; stroke-dasharray: 6 4; }
.rules .wrong { fill: var(--ink); stroke: var(--ink); stroke-width: 1.6; }
.rules .missed { fill: var(--paper); stroke: var(--ink); stroke-width: 1.6; }
.rules .whisker { stroke: var(--ink); stroke-width: 1.2; }
"""


class Row(NamedTuple):
    """One rule: what it is called, and how many adverse records in 100,000 it gives to another, or to nobody."""

    name: str
    wrong: Interval
    missed: Interval


def svg(rows: Iterable[Row], limit: float) -> str:
    """Return the picture of all rows, with the limit that wrong ones are held to."""
    shown = list(rows)
    bottom = TOP + STEP * len(shown)
    title = "Adverse records that reach the wrong person, or nobody, in 100,000"
    parts = [
        f"<title>{title}</title><desc>{escape(_described(shown, limit))}</desc><style>{_STYLE}</style>",
        f'<rect class="paper" width="{WIDTH:g}" height="{bottom + 40:g}"/>',
        f'<text class="title" x="20" y="26">{title}</text>',
        *_key(),
        *_scale(bottom, limit),
        *(part for place, row in enumerate(shown) for part in _row(row, TOP + STEP * (place + 0.5))),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rules" viewBox="0 0 {WIDTH:g} {bottom + 40:g}" role="img" '
        f'width="{WIDTH:g}" height="{bottom + 40:g}">\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _x(value: float) -> float:
    """The place of a value; what is below the scale stands at its beginning."""
    share = (log10(min(max(value, LEAST), MOST)) - log10(LEAST)) / (log10(MOST) - log10(LEAST))
    return round(LEFT + (WIDTH - LEFT - RIGHT) * share, 1)


def _key() -> Iterator[str]:
    yield '<circle class="wrong" cx="28" cy="46" r="5"/><text x="40" y="50">wrong: reaches another person</text>'
    yield '<rect class="missed" x="243" y="41" width="10" height="10"/>'
    yield '<text x="260" y="50">missed: reaches nobody, or another</text>'
    yield '<text class="soft" x="500" y="50">lines: 95 % interval</text>'


def _scale(bottom: float, limit: float) -> Iterator[str]:
    power = LEAST
    while power <= MOST * 1.01:
        x = _x(power)
        yield f'<line class="grid" x1="{x:g}" x2="{x:g}" y1="{TOP:g}" y2="{bottom:g}"/>'
        yield f'<text class="soft" x="{x:g}" y="{bottom + 16:g}" text-anchor="middle">{_number(power)}</text>'
        power *= 10
    x = _x(limit)
    yield f'<line class="limit" x1="{x:g}" x2="{x:g}" y1="{TOP - 8:g}" y2="{bottom:g}"/>'
    yield f'<text x="{x:g}" y="{TOP - 13:g}" text-anchor="middle">limit for wrong: {_number(limit)}</text>'


def _row(row: Row, y: float) -> Iterator[str]:
    yield f'<text x="{LEFT - 12:g}" y="{y + 4:g}" text-anchor="end">{escape(row.name)}</text>'
    for what, (value, low, high), at in (("wrong", row.wrong, y - 9), ("missed", row.missed, y + 10)):
        if not isnan(low):
            yield f'<line class="whisker" x1="{_x(low):g}" x2="{_x(high):g}" y1="{at:g}" y2="{at:g}"/>'
        x = _x(value)
        yield (
            f'<circle class="wrong" cx="{x:g}" cy="{at:g}" r="5"/>'
            if what == "wrong"
            else f'<rect class="missed" x="{x - 5:g}" y="{at - 5:g}" width="10" height="10"/>'
        )
        end = x if isnan(high) else max(_x(high), x)
        before = end > WIDTH - RIGHT - 60
        place, anchor = (min(x, _x(low) if not isnan(low) else x) - 10, "end") if before else (end + 10, "start")
        yield f'<text x="{place:g}" y="{at + 4:g}" text-anchor="{anchor}">{_number(value)}</text>'


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 1 else f"{value:.3g}"


def _described(rows: list[Row], limit: float) -> str:
    """Say every row in words, for whoever cannot see the picture."""
    said = [f"{row.name}: {_number(row.wrong[0])} wrong, {_number(row.missed[0])} missed" for row in rows]
    return f"In 100,000 adverse records. {'; '.join(said)}. Wrong may be {_number(limit)} at most."
