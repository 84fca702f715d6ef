"""The page that says how right links by likeness are: each source's figures as a table and as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from litestar import get
from litestar.response import Template
from markupsafe import Markup

from goodstanding.linkage.intervals import Figure
from goodstanding.portal.languages import Voice
from goodstanding.portal.pictures import tag
from goodstanding.portal.rendering import Held, Visit, page, voice_of
from goodstanding.register.ledger.pausing import LIMIT, paused
from goodstanding.register.ledger.quality import K, Measure, measures, published
from goodstanding.register.ledger.sources import sources

WIDTHS = (640, 320)
"""Of the picture: for a wide screen, and for a phone."""
_ROW = 56
_LEFT = 8


class Line(NamedTuple):
    """One figure as it is told: of which group, what it measures, and its parts in words."""

    group: str
    measure: str
    figure: Figure
    value: str
    low: str
    high: str
    drawn: bool


@get("/quality", sync_to_thread=True, name="quality")
def quality_page(request: Visit, register: Held) -> Template:
    """Show how right the links of each source are, with intervals, by group where it has members enough."""
    voice, stopped, known = voice_of(request), paused(register), sources(register)
    told: list[dict[str, Any]] = []
    for name, found in groupby(published(measures(register)), key=lambda one: one.source):
        own = list(found)
        lines = [line for one in own for line in _lines(one, voice)]
        title = voice.say("quality.picture", source=voice.word(known[name].words))
        told.append(
            {
                "source": known[name],
                "on": own[0].on,
                "members": own[0].members,
                "lines": lines,
                "pictures": [dots(lines, title, f"quality-{name}-{width}", width) for width in WIDTHS],
                "paused": stopped.get(name),
            }
        )
    context: dict[str, Any] = {"told": told, "k": K, "limit": voice.share(f"{LIMIT}")}
    hidden = [one for name, one in stopped.items() if name not in {entry["source"].id for entry in told}]
    return page(request, "quality.html", hidden=[(known[one.source], one) for one in hidden], **context)


def _lines(one: Measure, voice: Voice) -> list[Line]:
    group = voice.say("quality.all") if one.group is None else _group(one.group, voice)
    lines = [Line(group, voice.say(f"measure-of.{one.measure}"), one.figure, *_shares(one.figure, voice), drawn=True)]
    if one.measure == "precision":
        wrong = one.wrong
        lines.append(Line(group, voice.say("quality.wrong"), wrong, *_counts(wrong, voice), drawn=False))
    return lines


def _group(group: str, voice: Voice) -> str:
    kind, _, value = group.partition(":")
    said = voice.code("group", f"{kind}-{value.replace(' ', '-')}")
    return f"{voice.say(f'group-kind.{kind}')}: {said}"


def _shares(figure: Figure, voice: Voice) -> tuple[str, str, str]:
    if figure.value is None or figure.low is None or figure.high is None:
        return voice.say("quality.not-known"), "", ""
    parts = round(figure.value, 3), math.floor(figure.low * 1000) / 1000, math.ceil(figure.high * 1000) / 1000
    value, low, high = (voice.share(f"{part:.3f}") for part in parts)
    return value, low, high


def _counts(figure: Figure, voice: Voice) -> tuple[str, str, str]:
    if figure.value is None or figure.low is None or figure.high is None:
        return voice.say("quality.not-known"), "", ""
    value, low, high = (voice.number(round(part)) for part in (figure.value, figure.low, figure.high))
    return value, low, high


def dots(lines: Sequence[Line], title: str, ident: str, width: int) -> Markup:
    """Draw shares as dots on the line of their interval, one under another; what is not known has neither.

    The axis goes from a whole tenth to 1. Everything drawn is said in the description, and in the table beside it.
    """
    shown = [line for line in lines if line.drawn]
    lows = [line.figure.low for line in shown if line.figure.low is not None]
    if not lows:
        return Markup()
    first = min(math.floor(min(lows) * 10) / 10, 0.9)
    height = _ROW * len(shown) + 24

    def x(share: float) -> str:
        return f"{_LEFT + (width - 2 * _LEFT - 24) * (share - first) / (1 - first):.1f}"

    drawn = []
    for step in range(round(first * 10), 11):
        at = x(step / 10)
        drawn.append(tag("line", x1=at, x2=at, y1=0, y2=height - 20, class_="year"))
        drawn.append(tag("text", f"{step * 10} %", x=at, y=height - 4, class_="tick", text_anchor="start"))
    for place, line in enumerate(shown):
        top, figure = _ROW * place, line.figure
        told = f"{line.measure}: {_interval(line)}" if width == WIDTHS[0] else line.measure
        drawn.append(tag("text", line.group, x=_LEFT, y=top + 14, class_="bar-label"))
        drawn.append(tag("text", told, x=_LEFT, y=top + 28, class_="bar-label"))
        if figure.value is not None and figure.low is not None and figure.high is not None:
            y = top + 40
            drawn.append(tag("line", x1=x(figure.low), x2=x(figure.high), y1=y, y2=y, class_="score"))
            drawn.append(tag("circle", cx=x(figure.value), cy=y, r=4.5, class_="dot"))
    said = "; ".join(f"{line.group}, {line.measure}: {_interval(line)}" for line in shown)
    names = [tag("title", title, id=f"{ident}-title"), tag("desc", said, id=f"{ident}-desc")]
    look = "timeline wide" if width == WIDTHS[0] else "timeline narrow"
    labels = f"{ident}-title {ident}-desc"
    return tag("svg", *names, *drawn, class_=look, role="img", aria_labelledby=labels, viewBox=f"0 0 {width} {height}")


def _interval(line: Line) -> str:
    return f"{line.value} ({line.low} – {line.high})" if line.low else line.value


HANDLERS = [quality_page]
