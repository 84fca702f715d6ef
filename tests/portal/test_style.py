"""The contrast of every pair of colours that meet, light and dark (WCAG 2.2, level AA)."""

import re
from pathlib import Path

import pytest

import goodstanding.portal

SHEET = (Path(goodstanding.portal.__file__).parent / "static" / "style.css").read_text("utf-8")
LIGHT, DARK = re.findall(r":root \{(.*?)\}", SHEET, re.DOTALL)

TEXT = [
    *[(ink, ground) for ink in ("ink", "soft", "accent") for ground in ("paper", "card")],
    *[(ink, "card") for ink in ("adverse", "favourable", "neutral")],
    *[(ink, "paper") for ink in ("adverse", "favourable", "neutral")],
    ("ink", "note"),
    ("ink", "none"),
    ("on-accent", "accent"),
    *[("on-dark-rank", f"rank-{rank}") for rank in (0, 5)],
    *[("on-light-rank", f"rank-{rank}") for rank in (1, 2, 3, 4)],
]
SHAPES = [("focus", "paper"), ("focus", "card"), ("soft", "card"), ("ink", "card")]


def colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


SCHEMES = {"light": colours(LIGHT), "dark": colours(LIGHT) | colours(DARK)}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_can_be_read(scheme):
    known = SCHEMES[scheme]
    low = {pair: round(contrast(known[pair[0]], known[pair[1]]), 2) for pair in TEXT}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_shapes_can_be_seen(scheme):
    known = SCHEMES[scheme]
    assert all(contrast(known[one], known[other]) >= 3 for one, other in SHAPES)


def test_no_colour_stands_outside_the_pairs():
    rules = SHEET.replace(LIGHT, "").replace(DARK, "")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", rules) == []


def test_focus_is_always_visible():
    assert re.search(r":focus-visible \{ outline: 3px solid", SHEET)
