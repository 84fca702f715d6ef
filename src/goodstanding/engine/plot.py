"""A standing through time as an SVG file: the score as steps over its bands, and below it which grade held when.

Bands, grades and days are written out, so that no colour is needed to read it; it follows the reader's light or dark.
Whatever is expected after the day itself is dashed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from itertools import pairwise

from goodstanding.engine.periods import later
from goodstanding.engine.standing import Change, Standing, number_text
from goodstanding.facts.catalogue import Language
from goodstanding.policy.bands import Band, bands_of
from goodstanding.policy.model import Policy

Point = Standing | Change
WIDTH, PLOT, STRIP = 860.0, 240.0, 26.0
LEFT, RIGHT, TOP = 56.0, 120.0, 44.0
AHEAD = 10
"""Years after the day that are drawn at most."""

_STYLE = """
.standing { --ink: #16181d; --soft: #5b616e; --paper: #ffffff; --line: #14487a; font: 12px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  .standing { --ink: #eceef2; --soft: #a4abb8; --paper: #14161a; --line: #8cc2f5; }
}
.standing text { fill: var(--ink); }
.standing .soft { fill: var(--soft); }
.standing .title { font-size: 15px; font-weight: 600; }
.standing .paper { fill: var(--paper); }
.standing .band, .standing .strip { fill: var(--ink); stroke: var(--soft); stroke-width: 0.5; }
.standing .score { fill: none; stroke: var(--line); stroke-width: 2.5; }
.standing .coming { stroke-dasharray: 5 4; }
.standing .day { stroke: var(--soft); stroke-width: 0.5; }
.standing .now { stroke: var(--ink); stroke-width: 1.2; }
"""


def history_svg(
    policy: Policy, language: Language, steps: Sequence[Standing], changes: Sequence[Change], on: dt.date
) -> str:
    """Return a picture of the standing on every day until `on`, and of what changes by itself after it."""
    coming = [change for change in changes if change.on <= later(on, AHEAD, "years")]
    points: list[Point] = [*steps, *coming]
    frame = _Frame.of(policy, points, on)
    height = frame.bottom + STRIP + 34
    title = policy.title[language]
    parts = [
        f"<title>{escape(title)}</title><desc>{escape(_described(points))}</desc><style>{_STYLE}</style>",
        f'<rect class="paper" width="{WIDTH:g}" height="{height:g}"/>',
        f'<text class="title" x="{LEFT:g}" y="22">{escape(title)}</text>',
        *_bands(frame),
        *_years(frame),
        *_score(points, frame, on),
        *_strip(policy, points, frame, on),
        *_now(frame, on),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="standing" viewBox="0 0 {WIDTH:g} {height:g}" role="img" '
        f'width="{WIDTH:g}" height="{height:g}">\n' + "\n".join(parts) + "\n</svg>\n"
    )


@dataclass(frozen=True)
class _Frame:
    """Where days and scores lie; better scores are higher up. Without scores there is the strip of grades alone."""

    first: dt.date
    last: dt.date
    bands: Sequence[Band]
    least: Fraction
    most: Fraction
    rising: bool
    scored: bool

    @classmethod
    def of(cls, policy: Policy, points: Sequence[Point], on: dt.date) -> _Frame:
        days = [on, *(point.on for point in points)]
        scores = [point.score for point in points if point.score is not None]
        ladder = next((one for one in policy.grades.ladders if one.of == policy.score), None)
        bands = bands_of(ladder) if ladder else []
        near = [band for band in bands if any(band.holds(score) for score in scores)]
        edges = [*scores, *(edge for band in near for edge in (band.least, band.most) if edge is not None)]
        least, most = min(edges, default=Fraction(0)), max(edges, default=Fraction(1))
        room = max((most - least) / 8, Fraction(1))
        rising = not bands or bands[-1].grade == next(iter(policy.grades.order))
        space = dt.timedelta(days=max(10, (max(days) - min(days)).days // 20))
        return cls(min(days) - space, max(days) + space, bands, least - room, most + room, rising, bool(scores))

    @property
    def bottom(self) -> float:
        """The lower edge of the plot of the score."""
        return TOP + (PLOT if self.scored else 0)

    def x(self, day: dt.date) -> float:
        """The place of a day."""
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (day - self.first).days / (self.last - self.first).days, 1)

    def y(self, score: Fraction) -> float:
        """The place of a score, held inside the plot."""
        share = min(max(float((score - self.least) / (self.most - self.least)), 0.0), 1.0)
        return round(TOP + PLOT * ((1 - share) if self.rising else share), 1)


def _bands(frame: _Frame) -> Iterator[str]:
    if not frame.scored:
        return
    for number, band in enumerate(frame.bands):
        ends = [frame.y(frame.least if band.least is None else band.least)]
        above = frame.bands[number + 1].least if number + 1 < len(frame.bands) else None
        ends.append(frame.y(frame.most if above is None else above))
        top, bottom = min(ends), max(ends)
        if bottom - top < 1:
            continue
        yield (
            f'<rect class="band" x="{LEFT:g}" y="{top:g}" width="{WIDTH - LEFT - RIGHT:g}" '
            f'height="{bottom - top:g}" fill-opacity="{0.03 if number % 2 else 0.09}"/>'
        )
        if bottom - top >= 12:
            yield f'<text x="{WIDTH - RIGHT + 8:g}" y="{(top + bottom) / 2 + 4:g}">{escape(band.grade)}</text>'
        if band.least is not None and TOP < ends[0] < frame.bottom:
            label = number_text(band.least)
            yield f'<text class="soft" x="{LEFT - 6:g}" y="{ends[0] + 4:g}" text-anchor="end">{label}</text>'


def _years(frame: _Frame) -> Iterator[str]:
    """Draw the days on which years begin, or months where there are few."""
    months = (frame.last.year - frame.first.year) * 12 + frame.last.month - frame.first.month
    step = 1 if months <= 10 else 3 if months <= 30 else 12 * max(1, round(months / 120))
    for month in range(frame.first.year * 12, frame.last.year * 12 + 12, step):
        day = dt.date(month // 12, month % 12 + 1, 1)
        if frame.first <= day <= frame.last:
            x, label = frame.x(day), str(day.year) if step >= 12 else day.isoformat()[:7]
            yield f'<line class="day" x1="{x:g}" x2="{x:g}" y1="{TOP:g}" y2="{frame.bottom + STRIP + 10:g}"/>'
            yield f'<text class="soft" x="{x + 3:g}" y="{frame.bottom + STRIP + 24:g}">{label}</text>'


def _stretches(points: Sequence[Point], frame: _Frame) -> list[tuple[Point, dt.date]]:
    """Return every point with the day on which the next one takes over."""
    ends = [after.on for _, after in pairwise(points)]
    return list(zip(points, [*ends, frame.last], strict=True)) if points else []


def _score(points: Sequence[Point], frame: _Frame, on: dt.date) -> Iterator[str]:
    before: float | None = None
    for point, end in _stretches(points, frame):
        if point.score is None:
            before = None
            continue
        y, x = frame.y(point.score), frame.x(point.on)
        rise = f"M{x:g} {y if before is None else before:g}V{y:g}"
        now = min(max(on, point.on), end)
        if point.on <= on:
            yield f'<path class="score" d="{rise}H{frame.x(now):g}"/>'
            rise = f"M{frame.x(now):g} {y:g}"
        if end > now:
            yield f'<path class="score coming" d="{rise}H{frame.x(end):g}"/>'
        if frame.x(end) - x > 34:
            yield f'<text x="{x + 4:g}" y="{y - 5:g}">{number_text(point.score)}</text>'
        before = y


def _strip(policy: Policy, points: Sequence[Point], frame: _Frame, on: dt.date) -> Iterator[str]:
    order = list(policy.grades.order)
    top = frame.bottom + 6
    told = [point.grade or point.outcome.value for point in points]
    turns = [point for at, point in enumerate(points) if not at or told[at] != told[at - 1]]
    for point, end in _stretches(turns, frame):
        x, width = frame.x(point.on), frame.x(end) - frame.x(point.on)
        shade = 0.06 + 0.3 * order.index(point.grade) / max(len(order) - 1, 1) if point.grade else 0
        coming = " coming" if point.on > on else ""
        yield (
            f'<rect class="strip{coming}" x="{x:g}" y="{top:g}" width="{width:.1f}" height="{STRIP - 6:g}" '
            f'fill-opacity="{shade:.2f}"/>'
        )
        label = point.grade or "–"
        if width > 8 * len(label) + 6:
            yield f'<text x="{x + 4:g}" y="{top + 14:g}">{escape(label)}</text>'


def _now(frame: _Frame, on: dt.date) -> Iterator[str]:
    x = frame.x(on)
    yield f'<line class="now" x1="{x:g}" x2="{x:g}" y1="{TOP - 4:g}" y2="{frame.bottom + STRIP + 6:g}"/>'
    yield f'<text x="{x:g}" y="{TOP - 8:g}" text-anchor="middle">{on}</text>'


def _described(points: Sequence[Point]) -> str:
    """Say every step in words, for whoever cannot see the picture."""
    return "; ".join(
        f"{point.on}: {point.grade or point.outcome.value}"
        + (f", {number_text(point.score)}" if point.score is not None else "")
        for point in points
    )
