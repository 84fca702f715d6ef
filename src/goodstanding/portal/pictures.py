"""Pictures as inline SVG: a score through time, and how many subjects have which grade.

Colours, fonts and strokes are in the style sheet; here is only where things are. Every picture has a title and a
description; the page beside it gives the same as a table.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from markupsafe import Markup, escape

from goodstanding.portal.content import BandContent, EntryContent, LadderContent, PointContent, StandingContent
from goodstanding.portal.languages import Voice

PLOT = 190
STRIP = 22
BAR = 24
MOST_BARS = 14
_LEFT, _RIGHT, _TOP = 44.0, 46.0, 20.0
_ROOM = dt.timedelta(days=20)
_LINE = 12
"""The height that a line of text needs."""


def tag(name: str, *inside: Markup | str, **attributes: object) -> Markup:
    """Return an element; attribute names have `_` for `-`, and `class_` for `class`."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{written}>{''.join(escape(part) for part in inside)}</{name}>")  # noqa: S704 escaped above


@dataclass(frozen=True)
class Frame:
    """Where days and scores lie in a picture. Better scores are always higher up."""

    width: float
    first: dt.date
    last: dt.date
    least: Fraction
    most: Fraction
    rising: bool

    @property
    def right(self) -> float:
        """The right edge of the plot."""
        return self.width - _RIGHT

    def x(self, day: dt.date) -> float:
        """The place of a day, held inside the plot."""
        share = (day - self.first).days / max((self.last - self.first).days, 1)
        return round(_LEFT + (self.right - _LEFT) * min(max(share, 0.0), 1.0), 1)

    def y(self, score: Fraction) -> float:
        """The place of a score, held inside the plot."""
        share = float((score - self.least) / (self.most - self.least))
        share = min(max(share if self.rising else 1 - share, 0.0), 1.0)
        return round(_TOP + PLOT * (1 - share), 1)


def timeline(standing: StandingContent, voice: Voice, width: int) -> Markup:
    """Draw the score as steps over its grade bands, the grades in a strip, and the entries as bars below.

    Empty where the policy made no entry of anything.
    """
    if not standing.entries:
        return Markup()
    frame = _frame(standing, width)
    bars = _shown(standing.entries)
    ident = f"picture-{standing.policy}-{width}"
    height = _TOP + PLOT + STRIP + 26 + BAR * len(bars)
    parts = [
        tag("title", voice.say("picture.title", policy=voice.word(standing.title)), id=f"{ident}-title"),
        tag("desc", _described(standing, voice), id=f"{ident}-desc"),
        *_bands(standing, frame, voice),
        *_years(frame, voice, height),
        *_line(standing, frame),
        *_strip(standing, frame),
        *_bars(bars, frame, voice),
        *_now(standing.on, frame, height, voice),
    ]
    return tag(
        "svg",
        *parts,
        class_="timeline " + ("wide" if width > 500 else "narrow"),
        viewBox=f"0 0 {width} {height:g}",
        role="img",
        aria_labelledby=f"{ident}-title {ident}-desc",
    )


def _frame(standing: StandingContent, width: int) -> Frame:
    points = _points(standing)
    days = [point.on for point in points] + [entry.start for entry in standing.entries] + [standing.on]
    days += [entry.until for entry in standing.entries if entry.until]
    ladder = _ladder(standing)
    edges = _edges([Fraction(point.score) for point in points if point.score], ladder)
    return Frame(width, min(days) - _ROOM, max(days) + _ROOM, *edges, _rising(standing, ladder))


def _ladder(standing: StandingContent) -> LadderContent | None:
    return next((ladder for ladder in standing.ladders if ladder.of == standing.score_of), None)


def _rising(standing: StandingContent, ladder: LadderContent | None) -> bool:
    """Whether a higher score is better: whether the best grade has the highest band."""
    return ladder is None or ladder.bands[-1].grade == next(iter(standing.grades))


def _edges(scores: Sequence[Fraction], ladder: LadderContent | None) -> tuple[Fraction, Fraction]:
    """Return the range of scores to draw: all bands that were ever reached, and a part of the next.

    Where there never was a score, all bands.
    """
    bands = ladder.bands if ladder else ()
    reached = [band for band in bands if not scores or any(_holds(band, score) for score in scores)]
    edges = [Fraction(edge) for band in reached for edge in (band.least, band.most) if edge is not None]
    least, most = min([*scores, *edges], default=Fraction(0)), max([*scores, *edges], default=Fraction(1))
    room = max((most - least) / 6, Fraction(1))
    return least - room, most + room


def _holds(band: BandContent, score: Fraction) -> bool:
    return (band.least is None or Fraction(band.least) <= score) and (band.most is None or score <= Fraction(band.most))


def _bands(standing: StandingContent, frame: Frame, voice: Voice) -> Iterator[Markup]:
    ladder = _ladder(standing)
    written = [_TOP + PLOT + _LINE]
    for band in ladder.bands if ladder else ():
        low = frame.y(Fraction(band.least)) if band.least is not None else frame.y(frame.least)
        high = frame.y(Fraction(band.most)) if band.most is not None else frame.y(frame.most)
        top, bottom = min(low, high), max(low, high)
        if bottom - top < 2:
            continue
        rank, width = standing.grades[band.grade].rank, f"{frame.right - _LEFT:g}"
        yield tag("rect", x=_LEFT, y=top, width=width, height=f"{bottom - top:g}", class_=f"band rank-{rank}")
        if bottom - top > _LINE:
            yield tag("text", band.grade, x=frame.right + 8, y=(top + bottom) / 2 + 4, class_="grade")
        edge = band.most if frame.rising else band.least
        if edge is not None and top > _TOP and all(abs(top - other) > _LINE for other in written):
            written.append(top)
            yield tag("text", voice.number(edge), x=_LEFT - 6, y=top + 4, class_="tick", text_anchor="end")


def _years(frame: Frame, voice: Voice, height: float) -> Iterator[Markup]:
    """Draw the days on which years begin, or months where there are few years, with their names."""
    days = _ticks(frame)
    short = bool(days) and all(day.month == 1 for day in days)
    for day in days:
        label = str(day.year) if short else voice.month(day)
        yield tag("line", x1=frame.x(day), x2=frame.x(day), y1=_TOP, y2=height - 4, class_="year")
        yield tag("text", label, x=frame.x(day) + 4, y=_TOP + PLOT + STRIP + 14, class_="tick")


def _ticks(frame: Frame) -> list[dt.date]:
    most = 8 if frame.width > 500 else 4
    years = frame.last.year - frame.first.year
    step = 3 if years < 1 else 6 if years < 2 and most > 4 else 12 * max(1, -(-years // most))
    months = range(frame.first.year * 12, frame.last.year * 12 + 12, step)
    days = [dt.date(month // 12, month % 12 + 1, 1) for month in months]
    return [day for day in days if frame.first <= day and frame.x(day) < frame.right - 24]


def _stretches(points: Sequence[PointContent], frame: Frame) -> list[tuple[PointContent, dt.date]]:
    """Return every point with the day on which the next one takes over."""
    ends = [later.on for _, later in pairwise(points)]
    return list(zip(points, [*ends, frame.last], strict=True))


def _points(standing: StandingContent) -> list[PointContent]:
    coming = [PointContent(change.on, change.outcome, change.score, change.grade) for change in standing.changes]
    return [*standing.history, *coming]


def _line(standing: StandingContent, frame: Frame) -> Iterator[Markup]:
    """Draw the score: whole until the day itself, dashed after it; a gap where there is none."""
    previous: float | None = None
    for point, end in _stretches(_points(standing), frame):
        if point.score is None:
            previous = None
            continue
        y, start = frame.y(Fraction(point.score)), frame.x(point.on)
        rise = f"M{start} {previous}V{y}" if previous is not None else f"M{start} {y}"
        now = min(max(standing.on, point.on), end)
        if point.on <= standing.on:
            yield tag("path", d=f"{rise}H{frame.x(now)}", class_="score")
            rise = f"M{frame.x(now)} {y}"
        if end > now:
            yield tag("path", d=f"{rise}H{frame.x(end)}", class_="score coming")
        previous = y


def _look(point: PointContent) -> tuple[str, str | None]:
    return point.outcome, point.grade


def _strip(standing: StandingContent, frame: Frame) -> Iterator[Markup]:
    """Draw which grade held when; it can differ from the band, where a rule sets the grade directly."""
    top = _TOP + PLOT + 4
    points = _points(standing)
    turns = [point for at, point in enumerate(points) if not at or _look(point) != _look(points[at - 1])]
    for point, end in _stretches(turns, frame):
        start, width = frame.x(point.on), frame.x(end) - frame.x(point.on)
        rank = f"rank-{standing.grades[point.grade].rank}" if point.grade else "none"
        coming = " coming" if point.on > standing.on else ""
        yield tag("rect", x=start, y=top, width=f"{width:.1f}", height=STRIP - 6, class_=f"strip {rank}{coming}")
        label = point.grade or "–"
        if width > 9 * len(label) + 4:
            yield tag("text", label, x=start + 5, y=top + 12, class_=f"strip-grade {rank}{coming}")


def _shown(entries: Iterable[EntryContent]) -> list[EntryContent]:
    """Return the entries to draw: those that count first, then the latest, in order of their beginning."""
    ranked = sorted(entries, key=lambda entry: (entry.status in ("ended", "spent"), -entry.start.toordinal()))[
        :MOST_BARS
    ]
    return sorted(ranked, key=lambda entry: entry.start)


def _bars(bars: Sequence[EntryContent], frame: Frame, voice: Voice) -> Iterator[Markup]:
    for at, entry in enumerate(bars):
        top = _TOP + PLOT + STRIP + 26 + BAR * at
        start, end = frame.x(entry.start), frame.x(entry.until) if entry.until else frame.right
        amount = entry.grade or (voice.points(entry.points, entry.direction) if entry.points else "")
        label = _fitted(f"{amount}  {voice.word(entry.words)}".strip(), frame.width - _LEFT - 10)
        flip = start > _LEFT + (frame.right - _LEFT) * 0.55
        kind = f"bar {entry.direction} {entry.status}"
        yield tag("rect", x=start, y=top + 14, width=f"{max(end - start, 3):.1f}", height=5, rx=2.5, class_=kind)
        place = {"x": f"{max(end, start + 3):.1f}", "text_anchor": "end"} if flip else {"x": start}
        yield tag("text", label, y=top + 10, class_=f"bar-label {entry.status}", **place)


def _fitted(text: str, room: float) -> str:
    """Shorten a text to about `room` units; wide characters take twice as much."""
    used = 0.0
    for at, character in enumerate(text):
        used += 12.5 if ord(character) > 0x2E00 else 6.6
        if used > room:
            return text[: at - 1] + "…"
    return text


def _now(on: dt.date, frame: Frame, height: float, voice: Voice) -> Iterator[Markup]:
    x = frame.x(on)
    yield tag("line", x1=x, x2=x, y1=_TOP - 6, y2=height - 4, class_="now")
    side = "end" if x > (_LEFT + frame.right) / 2 else "start"
    yield tag("text", voice.date(on), x=x + (4 if side == "start" else -4), y=_TOP - 8, class_="tick", text_anchor=side)


def _described(standing: StandingContent, voice: Voice) -> str:
    sentences = [
        voice.say(
            "picture.point",
            on=voice.date(point.on),
            score=voice.number(point.score) if point.score else voice.code("outcome", point.outcome),
            grade=point.grade or "–",
        )
        for point in _points(standing)
    ]
    return voice.say("picture.described", count=len(standing.entries)) + " " + " ".join(sentences)


@dataclass(frozen=True)
class Part:
    """A part of a whole: its label, how many, and its class in the style sheet (`rank-0` ... or `none`)."""

    label: str
    count: int
    look: str


def bar(parts: Sequence[Part], title: str, ident: str) -> Markup:
    """Draw parts of a whole as one bar; empty where there is nothing to draw."""
    total = sum(part.count for part in parts)
    if not total:
        return Markup()
    drawn, left = [], 0.0
    for part in parts:
        width = 600 * part.count / total
        drawn.append(tag("rect", x=f"{left:.2f}", y=0, width=f"{width:.2f}", height=20, class_=part.look))
        left += width
    described = "; ".join(f"{part.label}: {part.count}" for part in parts)
    names = [tag("title", title, id=f"{ident}-title"), tag("desc", described, id=f"{ident}-desc")]
    labels = f"{ident}-title {ident}-desc"
    shape = {"viewBox": "0 0 600 20", "preserveAspectRatio": "none"}
    return tag("svg", *names, *drawn, class_="share", role="img", aria_labelledby=labels, **shape)
