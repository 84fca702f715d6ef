"""Pages from templates: the template engine, and what every page needs to know."""

from __future__ import annotations

import datetime as dt
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request
from litestar.di import NamedDependency
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template import TemplateConfig

from goodstanding.portal.languages import LANGUAGES, NAMES, TAGS, Voice, language_of
from goodstanding.portal.pictures import MOST_BARS, timeline
from goodstanding.portal.session import REVIEWERS, kept
from goodstanding.portal.weights import bits, told_parts, waterfall
from goodstanding.register.store.database import Register

Visit = Request[Any, Any, Any]
Held = NamedDependency[Register]
"""The register, as handlers are given it."""
FOLDER = Path(str(files("goodstanding.portal")))


def template_config() -> TemplateConfig[JinjaTemplateEngine]:
    """Return the engine: everything is escaped, and a name that a template does not know is an error."""
    loader = FileSystemLoader(FOLDER / "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(timeline=timeline, most_bars=MOST_BARS)
    environment.globals.update(bits=bits, told_parts=told_parts, waterfall=waterfall)
    return TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment))


def voice_of(request: Visit) -> Voice:
    """Return the voice in which this visitor is spoken to."""
    return Voice(language_of(request))


def page(request: Visit, template: str, status: int = 200, **content: Any) -> Template:
    """Return a page, with what stands on every page added to its content."""
    voice, held = voice_of(request), kept(request)
    synthetic: bool = request.app.state.synthetic
    context = {
        "voice": voice,
        "say": voice.say,
        "word": voice.word,
        "day": voice.date,
        "num": voice.number,
        "synthetic": synthetic,
        "path": request.url.path,
        "signed_in": bool(held),
        "links": _links(held, synthetic=synthetic),
        "languages": [(TAGS[one], NAMES[one], _in(one, request)) for one in LANGUAGES],
        "today": today(request),
    }
    return Template(template, context=context | content, status_code=status)


def today(request: Visit) -> dt.date:
    """Return the present day of the register."""
    day: dt.date = request.app.state.register.today
    return day


def _links(held: dict[str, str], *, synthetic: bool) -> list[tuple[str, str]]:
    links = [("/", "nav.home"), ("/policies", "nav.policies"), ("/sources", "nav.sources")]
    if "person" in held:
        return [*links, ("/envelope", "nav.envelope")]
    if held.get("desk") in REVIEWERS:
        return [*links, ("/review", "nav.review")]
    if "desk" in held:
        return [*links, ("/officer", "nav.officer")]
    return [*links, ("/sign-in", "nav.sign-in")] if synthetic else links


def _in(language: str, request: Visit) -> str:
    """Return the address of this page in a language; one leading slash, so that it never leads to another host."""
    kept_query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    return f"/{request.url.path.lstrip('/')}?{urlencode([*kept_query, ('lang', language)])}"
