"""The weight of a link as inline SVG: what each comparison adds or takes, from the odds before any to the whole.

For and against are told by their sign and side too, never by colour alone; the page beside it has the same as a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from goodstanding.portal.content import PartContent
from goodstanding.portal.languages import Voice
from goodstanding.portal.pictures import tag

WIDTH, ROW = 360, 36
_EDGE = 6
_BAR = 10


@dataclass(frozen=True)
class Part:
    """What one comparison adds to a weight: bits, and the sum until then; both sides as they were compared."""

    comparison: str
    level: str
    left: str
    right: str
    bits: Decimal
    until: Decimal


def parts_of(evidence: Sequence[Mapping[str, Any]]) -> tuple[Part, ...]:
    """Return the parts of evidence as the register keeps it, in its order."""
    parts, until = [], Decimal(0)
    for one in evidence:
        bits = Decimal(one["weight"]) + Decimal(one["frequency"])
        until += bits
        sides = one["left"] or "", one["right"] or ""
        parts.append(Part(_code(one["comparison"]), _code(one["level"]), *sides, bits, until))
    return tuple(parts)


def told_parts(told: Sequence[PartContent]) -> tuple[Part, ...]:
    """Return the parts of a weight as pages tell it, without what was compared."""
    sides = {"left": None, "right": None, "frequency": 0}
    return parts_of([vars(one) | sides | {"weight": one.bits} for one in told])


def _code(label: str) -> str:
    return label.replace(" ", "-").replace("_", "-")


def waterfall(parts: Sequence[Part], ident: str, voice: Voice) -> Markup:
    """Draw the parts under each other, each bar from where the one above it ended; the line is even odds (0 bits)."""
    ends = [Decimal(0), *(part.until for part in parts)]
    low, high = min(ends), max(ends)
    scale = Decimal(WIDTH - 2 * _EDGE) / ((high - low) or 1)

    def x(bits: Decimal) -> float:
        return float(round(_EDGE + (bits - low) * scale, 1))

    height = ROW * len(parts) + 8
    told = " ".join(f"{voice.code('compared', part.comparison)}: {bits(part.bits, voice)}." for part in parts)
    names = [
        tag("title", voice.say("review.picture"), id=f"{ident}-title"),
        tag("desc", told, id=f"{ident}-desc"),
    ]
    zero = tag("line", x1=x(Decimal(0)), x2=x(Decimal(0)), y1=0, y2=height, class_="now")
    return tag(
        "svg",
        *names,
        zero,
        *(mark for at, part in enumerate(parts) for mark in _bar(part, at, x, voice)),
        class_="waterfall",
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_labelledby=f"{ident}-title {ident}-desc",
    )


def _bar(part: Part, at: int, x: Any, voice: Voice) -> Iterator[Markup]:
    start, end = sorted((x(part.until - part.bits), x(part.until)))
    look = "favourable" if part.bits > 0 else "adverse" if part.bits < 0 else "neutral"
    top = at * ROW
    yield tag("text", voice.code("compared", part.comparison), x=_EDGE, y=top + 15, class_="tick")
    yield tag("text", bits(part.bits, voice), x=WIDTH - _EDGE, y=top + 15, class_="tick", text_anchor="end")
    yield tag("rect", x=start, y=top + 20, width=max(round(end - start, 1), 2), height=_BAR, class_=f"bar {look}")


def bits(weight: Decimal, voice: Voice) -> str:
    """Write bits with their sign, to a tenth."""
    return voice.signed(str(round(weight, 1)))
