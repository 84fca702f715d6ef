"""A policy in plain words as one HTML page that stands alone: no script, no file beside it, readable on a phone."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from goodstanding.facts.catalogue import Catalogue, Language
from goodstanding.policy.phrases import Speaker
from goodstanding.policy.prose import sections
from goodstanding.policy.reader import Loaded

_TAGS: dict[Language, str] = {"en": "en", "nl": "nl", "zh": "zh-Hans"}


def page(loaded: Loaded, language: Language, catalogue: Catalogue) -> str:
    """Return the page."""
    speaker = Speaker(loaded.policy, language, catalogue)
    told = sections(loaded, language, catalogue)
    anchors = {row.anchor for section in told for table in section.tables for row in table.rows if row.anchor}
    template = files("goodstanding.policy").joinpath("sheet.html").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(template).render(
        tag=_TAGS[language],
        title=loaded.policy.title[language],
        edition=speaker.say("print-of", version=loaded.policy.version, hash=loaded.hash[:16]),
        contents=speaker.say("contents"),
        sections=told,
        anchors=anchors,
    )
